<?php require __DIR__ . '/lib.php';
/* The options of a worker's addServer(), which later versions of the extension have */
define('P', port('P'));
define('DOWN', port('DOWN'));
start_gearmand(P);
head('a worker and the exceptions option');
foreach ([['addServer', '127.0.0.1', P, false], ['addServer', '127.0.0.1', DOWN, false], ['addServers', '127.0.0.1:' . P, false], ['addServers', '127.0.0.1:' . DOWN, false]]
    as $a) isolated(v($a), function () use ($a) {
    $w = new GearmanWorker();
    $m = array_shift($a);
    call($m, fn() => $w->$m(...$a), $w);
    call('enableExceptionHandler', fn() => $w->enableExceptionHandler(), $w);
});
head('addServers with null');
foreach (['GearmanClient', 'GearmanWorker'] as $cls) isolated($cls, function () use ($cls) {
    $o = new $cls();
    $o->setTimeout(100);
    call('addServer', fn() => $o->addServer(null, DOWN), $o);
});
