<?php require __DIR__ . '/lib.php';
/* The server: order of execution, going on after a timeout, full queues, workers that die */
define('P', port('P'));
define('FULL', port('FULL'));
start_gearmand(P);
start_gearmand(FULL);
function cl(int $p = P): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', $p); $c->setTimeout(5000); return $c; }
head('priorities of tasks');
isolated('six', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t, $x) { out("complete $x"); });
    foreach (['Low' => 'low1', '' => 'norm1', 'High' => 'high1', 'LowX' => 'low2', 'HighX' => 'high2', 'X' => 'norm2'] as $m => $x)
        $c->{'addTask' . rtrim($m, 'X')}('prio', $x, $x);
    $c->setTimeout(300);
    until(function () use ($c) { muted(fn() => $c->runTasks()); return counts(P, 'prio')[0] === 6; });
    $k = worker(P, ['prio' => function ($j) { out($j->workload()); }], 6);
    $c->setTimeout(5000);
    call('runTasks', fn() => $c->runTasks(), $c);
    join_kid($k);
});
head('coalescing with priorities');
isolated('high after low with the same unique key', function () {
    $c = cl();
    foreach ([['doLowBackground', 'same'], ['doBackground', 'other'], ['doHighBackground', 'same']] as [$m, $u]) out($c->$m('cp', $m, $u));
    join_kid(worker(P, ['cp' => function ($j) { out($j->workload()); }], 2));
});
head('runTasks after a timeout');
isolated('goes on without submitting again', function () {
    $c = cl();
    $c->setCreatedCallback(function ($t) { out('created'); });
    $c->setCompleteCallback(function ($t) { out('complete ' . v($t->data())); });
    $t = $c->addTask('resume', 'x');
    $c->setTimeout(300);
    for ($i = 0; $i < 2; $i++) call("runTasks #$i", fn() => $c->runTasks(), $c);
    show('queued', counts(P, 'resume'));
    out('known ' . v($t->isKnown()) . ' handle set ' . v($t->jobHandle() !== ''));
    $c->setTimeout(5000);
    $k = worker(P, ['resume' => fn($j) => 'R']);
    call('runTasks #2', fn() => $c->runTasks(), $c);
    call('runTasks #3', fn() => $c->runTasks(), $c);
    join_kid($k);
});
head('a worker that dies in a job');
isolated('another one takes it', function () {
    $c = spawn(function () { $c = cl(); call('doNormal', fn() => $c->doNormal('dies', 'x'), $c); }, 'c');
    until_queued(P, 'dies');
    $k = worker(P, ['dies' => function ($j) { posix_kill(getmypid(), SIGKILL); usleep(1000000); }]);
    until(fn() => pcntl_waitpid($k, $st, WNOHANG | WUNTRACED) === $k);
    unset(H::$kids[$k]);
    join_kid(worker(P, ['dies' => fn($j) => 'second']));
    join_kid($c);
});
head('a full queue');
isolated('maxqueue 1', function () {
    $s = fsockopen('127.0.0.1', FULL);
    fwrite($s, "maxqueue full 1\n");
    fgets($s);
    $c = cl(FULL);
    show('first', $c->doBackground('full', 'x', 'u1') !== '');
    call('second', fn() => $c->doBackground('full', 'x', 'u2'), $c);
    show('the same unique key', $c->doBackground('full', 'x', 'u1') !== '');
    show('other function', $c->doBackground('notfull', 'x') !== '');
});
