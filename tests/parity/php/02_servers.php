<?php require __DIR__ . '/lib.php';
/* Adding servers, and the errors for servers that cannot be added */
define('UP', port('UP'));
define('UP2', port('UP2'));
define('DOWN', port('DOWN'));
define('V6', port('V6'));
start_gearmand(UP);
start_gearmand(UP2);
foreach (['GearmanClient', 'GearmanWorker'] as $cls) {
    head("$cls::addServer");
    $calls = [['127.0.0.1', UP], ['localhost', UP], ['127.0.0.1', DOWN], ['no.such.host.invalid', 4730], ['', UP], ['127.0.0.1', DOWN, false],
        ['no.such.host.invalid', 4730, false], ['', DOWN, false], ['[::1]', UP]];
    foreach ($calls as $a) isolated(v($a), function () use ($cls, $a) {
        $o = new $cls();
        call('addServer', fn() => $o->addServer(...$a), $o);
    });
    head("$cls::addServers");
    $lists = ['127.0.0.1:' . UP, '127.0.0.1:' . UP . ',127.0.0.1:' . UP2, '127.0.0.1:' . UP . ', 127.0.0.1:' . UP2,
        '127.0.0.1:' . UP . ',127.0.0.1:' . DOWN, '127.0.0.1:' . DOWN . ',127.0.0.1:' . UP, ':' . UP, '[::1]:' . UP];
    foreach ($lists as $s) isolated(v($s), function () use ($cls, $s) {
        $o = new $cls();
        call('addServers', fn() => $o->addServers($s), $o);
    });
    foreach ([['', false], ['127.0.0.1:' . DOWN . ',127.0.0.1:' . UP, false], [',127.0.0.1:' . UP, false], ['::1', false],
        ['127.0.0.1:abc', false]] as $a) isolated(v($a), function () use ($cls, $a) {
        $o = new $cls();
        call('addServers', fn() => $o->addServers(...$a), $o);
    });
}
head('after a server that could not be reached');
isolated('it stays in the list', function () {
    $c = new GearmanClient();
    call('addServer', fn() => $c->addServer('127.0.0.1', DOWN), $c);
    call('doNormal', fn() => $c->doNormal('f', 'w'), $c);
    call('doBackground', fn() => $c->doBackground('f', 'w'), $c);
    call('ping', fn() => $c->ping('x'), $c);
    call('jobStatus', fn() => $c->jobStatus('H:x:1'), $c);
});
isolated('a good one after it', function () {
    $c = new GearmanClient();
    call('addServer bad', fn() => $c->addServer('127.0.0.1', DOWN), $c);
    call('addServer good', fn() => $c->addServer('127.0.0.1', UP), $c);
    call('doBackground', fn() => $c->doBackground('fA', 'w'), $c);
    call('again', fn() => $c->doBackground('fA', 'w'), $c);
    call('ping', fn() => $c->ping('x'), $c);
});
isolated('a good one before it', function () {
    $c = new GearmanClient();
    call('addServer good', fn() => $c->addServer('127.0.0.1', UP), $c);
    call('addServer bad', fn() => $c->addServer('127.0.0.1', DOWN), $c);
    call('doBackground', fn() => $c->doBackground('fA', 'w'), $c);
    call('ping', fn() => $c->ping('x'), $c);
});
isolated('without the option, bad then good', function () {
    $c = new GearmanClient();
    call('add bad', fn() => $c->addServer('127.0.0.1', DOWN, false), $c);
    call('add good', fn() => $c->addServer('127.0.0.1', UP, false), $c);
    call('doBackground', fn() => $c->doBackground('fA', 'w'), $c);
    call('ping', fn() => $c->ping('x'), $c);
    call('jobStatus', fn() => $c->jobStatus('H:golden:999'), $c);
});
isolated('without the option, bad only', function () {
    $c = new GearmanClient();
    call('add bad', fn() => $c->addServer('127.0.0.1', DOWN, false), $c);
    call('doNormal', fn() => $c->doNormal('f', 'w'), $c);
    call('doNormal again', fn() => $c->doNormal('f', 'w'), $c);
    call('addTask', fn() => $c->addTask('f', 'w'), $c);
    call('runTasks', fn() => $c->runTasks(), $c);
    call('runTasks again', fn() => $c->runTasks(), $c);
    call('jobStatus', fn() => $c->jobStatus('H:golden:1'), $c);
    call('jobStatusByUniqueKey', fn() => $c->jobStatusByUniqueKey('u'), $c);
    call('enableExceptionHandler', fn() => $c->enableExceptionHandler(), $c);
    call('setExceptionCallback', fn() => $c->setExceptionCallback('strlen'), $c);
});
isolated('without the option, an unknown host only', function () {
    $c = new GearmanClient();
    call('add bad', fn() => $c->addServer('no.such.host.invalid', 4730, false), $c);
    call('doNormal', fn() => $c->doNormal('f', 'w'), $c);
    call('addTask', fn() => $c->addTask('f', 'w'), $c);
    call('runTasks', fn() => $c->runTasks(), $c);
    call('ping', fn() => $c->ping('x'), $c);
});
foreach ([false, true] as $nb) isolated('worker' . ($nb ? ', NON_BLOCKING' : ''), function () use ($nb) {
    $w = new GearmanWorker();
    if ($nb) $w->setOptions(GEARMAN_WORKER_NON_BLOCKING);
    call('addServer', fn() => $w->addServer('127.0.0.1', DOWN), $w);
    $w->addFunction('f', fn($j) => null);
    call('work', fn() => $w->work(), $w);
    call('work again', fn() => $w->work(), $w);
    if (!$nb) call('grabJob', fn() => $w->grabJob(), $w);
    $w->setTimeout(200);
    if (!$nb) call('work with a timeout', fn() => $w->work(), $w);
    call('ping', fn() => $w->ping('x'), $w);
    call('setId', fn() => $w->setId('abc'), $w);
});
isolated('worker with one bad and one good server gets the job', function () {
    $w = new GearmanWorker();
    call('add bad', fn() => $w->addServer('127.0.0.1', DOWN), $w);
    call('add good', fn() => $w->addServer('127.0.0.1', UP), $w);
    $w->addFunction('fA', function ($j) { out('job ' . $j->workload()); });
    $w->setTimeout(500);
    call('work', fn() => $w->work(), $w);
});
head('the same server twice');
isolated('client', function () {
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', UP);
    $c->addServer('127.0.0.1', UP);
    call('ping', fn() => $c->ping('x'), $c);
    $c->addTaskBackground('fB', 'w');
    call('runTasks', fn() => $c->runTasks(), $c);
    show('jobs', counts(UP, 'fB'));
});
head('IPv6');
start_tap(V6, UP, '::1');
isolated('addServer("::1")', function () {
    $c = new GearmanClient();
    call('addServer', fn() => $c->addServer('::1', V6), $c);
    call('ping', fn() => $c->ping('x'), $c);
});
