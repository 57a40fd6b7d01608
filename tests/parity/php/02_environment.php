<?php require __DIR__ . '/lib.php';
define('UP', port('UP'));
define('UP2', port('UP2'));
define('DOWN', port('DOWN'));
start_gearmand(UP);
start_gearmand(UP2);
head('GEARMAN_SERVERS');
foreach (['127.0.0.1:' . UP, '127.0.0.1:' . DOWN, 'no.such.host.invalid', '127.0.0.1:' . UP . ',127.0.0.1:' . DOWN] as $e)
    foreach (['GearmanClient', 'GearmanWorker'] as $cls) isolated(v($e) . " new $cls", function () use ($e, $cls) {
        putenv("GEARMAN_SERVERS=$e");
        $o = call('new', fn() => new $cls());
        if (!$o) return;
        out(st($o));
        call('ping', fn() => $o->ping('x'), $o);
    });
isolated('an explicit server after it gets the jobs', function () {
    putenv('GEARMAN_SERVERS=127.0.0.1:' . UP);
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', UP2);
    for ($i = 0; $i < 4; $i++) $c->addTaskBackground('fEnv', "w$i");
    $c->runTasks();
    show('UP', counts(UP, 'fEnv'));
    show('UP2', counts(UP2, 'fEnv'));
});
isolated('a worker serves both', function () {
    putenv('GEARMAN_SERVERS=127.0.0.1:' . UP);
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', UP2);
    $w->addFunction('both', fn($j) => null);
    $w->setTimeout(100);
    call('work', fn() => $w->work(), $w);
    show('UP', counts(UP, 'both'));
    show('UP2', counts(UP2, 'both'));
});
head('several servers: all submissions go to the one added last');
isolated('doBackground', function () {
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', UP, false);
    $c->addServer('127.0.0.1', UP2, false);
    for ($i = 0; $i < 4; $i++) out($c->doBackground('fC', "w$i", "u$i"));
    show('UP', counts(UP, 'fC'));
    show('UP2', counts(UP2, 'fC'));
});
isolated('tasks', function () {
    $c = new GearmanClient();
    $c->addServers('127.0.0.1:' . UP . ',127.0.0.1:' . UP2);
    for ($i = 0; $i < 4; $i++) $c->addTaskBackground('fD', "w$i", null, "u$i");
    call('runTasks', fn() => $c->runTasks(), $c);
    show('UP', counts(UP, 'fD'));
    show('UP2', counts(UP2, 'fD'));
});
