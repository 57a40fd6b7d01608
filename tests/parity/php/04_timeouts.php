<?php require __DIR__ . '/lib.php';
/* Clients whose timeout expires, that do not block, or whose server goes away */
define('P', port('P'));
define('DYING', port('DYING'));
define('SLOW', port('SLOW'));
start_gearmand(P);
function cl(int $p = P): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', $p); return $c; }
$kid = worker(P, ['data' => function ($j) { $j->sendData('d1'); $j->sendData('d2'); return 'R'; }], 400);
head('timeouts');
isolated('doNormal, nobody works', function () {
    $c = cl();
    $c->setTimeout(300);
    $t = microtime(true);
    call('doNormal', fn() => $c->doNormal('nobody', 'x'), $c);
    $t = microtime(true) - $t;
    out('    after 300 ms: ' . v($t >= 0.28 && $t < 1.5));
    $c->setTimeout(100);
    call('again', fn() => $c->doNormal('nobody', 'x'), $c);
    $c->setTimeout(3000);
    call('then a good one', fn() => $c->doNormal('data', 'x'), $c);
});
show('jobs that stay', counts(P, 'nobody'));
isolated('doNormal with 0', function () {
    $c = cl();
    $c->setTimeout(0);
    call('doNormal', fn() => $c->doNormal('nobody0', 'x'), $c);
});
isolated('runTasks', function () {
    $c = cl();
    $c->setTimeout(150);
    $t = $c->addTask('nobody', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
    out('task rc ' . rc_name($t->returnCode()) . ' known ' . v($t->isKnown()));
    call('runTasks again', fn() => $c->runTasks(), $c);
});
isolated('doBackground does not wait for a worker', function () {
    $c = cl();
    $c->setTimeout(1000);
    out('doBackground -> ' . v($c->doBackground('nobody2', 'x') !== ''));
    out('    rc ' . rc_name($c->returnCode()));
});
isolated('the late answer of a doNormal is dropped', function () {
    $c = cl();
    $c->setTimeout(150);
    call('doNormal(slow)', fn() => $c->doNormal('slow', 'x'), $c);
    $k = worker(P, ['slow' => function ($j) { return 'SLOW'; }]);
    until_done(P, 'slow');
    $c->setTimeout(3000);
    call('doNormal(data)', fn() => $c->doNormal('data', 'x'), $c);
    join_kid($k);
});
kill_kid($kid);
head('a client that does not block');
isolated('doBackground against a slow server', function () {
    $k = fake(SLOW, function ($c) { fread($c, 200); usleep(200000); packet_send($c, 8, 'H:f:1'); usleep(500000); });
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', SLOW, false);
    $c->addOptions(GEARMAN_CLIENT_NON_BLOCKING);
    call('doBackground', fn() => $c->doBackground('bg', 'x'), $c);
    kill_kid($k);
});
isolated('runTasks and wait', function () {
    $c = cl();
    $c->setTimeout(2000);
    $c->addOptions(GEARMAN_CLIENT_NON_BLOCKING);
    $got = [];
    $c->setCompleteCallback(function ($t) use (&$got) { $got[] = $t->data(); });
    $c->addTask('nonblocking', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
    until_queued(P, 'nonblocking');
    $k = worker(P, ['nonblocking' => fn($j) => 'R']);
    $waits = 0;
    while (!$got && $waits < 50) {
        if (!$c->runTasks()) break;
        if (!$got && $c->returnCode() === GEARMAN_IO_WAIT) { $waits++; if (!$c->wait()) break; }
    }
    out('got ' . v($got) . ' waited ' . v($waits > 0));
    call('runTasks', fn() => $c->runTasks(), $c);
    join_kid($k);
});
isolated('runTasks without wait', function () {
    $c = cl();
    $c->addOptions(GEARMAN_CLIENT_NON_BLOCKING);
    $c->addTask('nobody3', 'x');
    $seen = [];
    for ($i = 0; $i < 5; $i++) { $r = $c->runTasks(); $seen[v($r) . ' ' . rc_name($c->returnCode())] = 1; usleep(5000); }
    out(v(array_keys($seen)));
});
head('the server goes away');
isolated('while doNormal waits', function () {
    $pid = start_gearmand(DYING, ...LOUD);
    $c = cl(DYING);
    $n = created(DYING) + 1;
    $k = spawn(function () use ($pid, $n) { until_created(DYING, $n); posix_kill($pid, SIGKILL); });
    $r = muted(fn() => $c->doNormal('nobody', 'x'));
    out('doNormal -> ' . v($r) . ' rc ' . rc_name($c->returnCode()));
    join_kid($k);
    stop_proc($pid);
    call('doNormal again', fn() => $c->doNormal('nobody', 'x'), $c);
    call('ping', fn() => $c->ping('x'), $c);
    start_gearmand(DYING);
    call('after its return: doBackground', fn() => $c->doBackground('nobody', 'x'), $c);
    call('ping', fn() => $c->ping('x'), $c);
});
isolated('between two calls', function () {
    $pid = start_gearmand(DYING);
    $c = cl(DYING);
    call('doBackground', fn() => $c->doBackground('nobody', 'x'), $c);
    stop_proc($pid);
    start_gearmand(DYING);
    $r = muted(fn() => $c->doBackground('nobody', 'x'));
    out('doBackground -> ' . v($r) . ' rc ' . rc_name($c->returnCode()));
    call('doBackground once more', fn() => $c->doBackground('nobody', 'x'), $c);
});
isolated('while runTasks waits', function () {
    $pid = start_gearmand(DYING, ...LOUD);
    $c = cl(DYING);
    $c->setFailCallback(function ($t) { out('FAIL'); });
    $n = created(DYING) + 1;
    $k = spawn(function () use ($pid, $n) { until_created(DYING, $n); posix_kill($pid, SIGKILL); });
    $t = $c->addTask('nobody', 'x');
    $r = muted(fn() => $c->runTasks());
    out('runTasks -> ' . v($r) . ' rc ' . rc_name($c->returnCode()));
    out('task rc ' . rc_name($t->returnCode()) . ' handle ' . v($t->jobHandle()));
    join_kid($k);
});
