<?php require __DIR__ . '/lib.php';
/* Clients and workers with several connected servers */
define('A', port('A'));
define('B', port('B'));
define('DOWN', port('DOWN'));
start_gearmand(A);
start_gearmand(B, '--job-handle-prefix=H:b');
function both(): GearmanClient { $c = new GearmanClient(); $c->addServers('127.0.0.1:' . A . ',127.0.0.1:' . B); $c->setTimeout(5000); return $c; }
head('two servers');
isolated('all tasks go to the one added last', function () {
    $c = both();
    for ($i = 0; $i < 3; $i++) $c->addTaskBackground('t', "w$i");
    call('runTasks', fn() => $c->runTasks(), $c);
    show('A', counts(A, 't'));
    show('B', counts(B, 't'));
});
recorded('a handle of the other one is unknown', 'now and then hangs');
isolated('a worker serves both', function () {
    foreach ([A, B] as $p) { $c = new GearmanClient(); $c->addServer('127.0.0.1', $p); $c->doBackground('both', 'x'); }
    $w = new GearmanWorker();
    $w->addServers('127.0.0.1:' . A . ',127.0.0.1:' . B);
    $n = 0;
    $w->addFunction('both', function ($j) use (&$n) { $n++; });
    $w->setTimeout(3000);
    $w->work();
    $w->work();
    show('jobs run', $n);
});
recorded('thirty doNormal', 'now and then hangs');
recorded('thirty doBackground and jobStatus', 'now and then hangs');
head('one of them is down');
isolated('added last, without the option: the other one takes over', function () {
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', A, false);
    $c->addServer('127.0.0.1', DOWN, false);
    for ($i = 0; $i < 3; $i++) { $r = $c->doBackground('d1', "w$i"); out(v($r !== '') . ' rc ' . rc_name($c->returnCode())); }
    show('A', counts(A, 'd1'));
});
isolated('added first: do*', function () {
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', DOWN, false);
    $c->addServer('127.0.0.1', A, false);
    $r = $c->doBackground('d2', 'w');
    out(v($r !== '') . ' rc ' . rc_name($c->returnCode()));
    show('A', counts(A, 'd2'));
});
