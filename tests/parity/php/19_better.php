<?php require __DIR__ . '/lib.php';
/* Calls with which PHP loses a job, an answer or time */
define('P', port('P'));
define('DOWN', port('DOWN'));
define('TAP', port('TAP'));
start_gearmand(P);
function cl(bool $exceptions = true): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P, $exceptions); $c->setTimeout(700); return $c; }
function wk(): GearmanWorker { $w = new GearmanWorker(); $w->addServer('127.0.0.1', P); $w->setTimeout(700); return $w; }
function completing(GearmanClient $c): void { $c->setCompleteCallback(function ($t) { out('complete ' . v($t->data())); }); }
$echo = fn($j) => strrev($j->workload());
head('several servers');
isolated('runTasks with a dead server that was added first', function () use ($echo) {
    $kid = worker(P, ['echo' => $echo]);
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', DOWN, false);
    $c->addServer('127.0.0.1', P, false);
    $c->setTimeout(2000);
    completing($c);
    $c->addTask('echo', 'abc');
    call('runTasks', fn() => $c->runTasks());
    show('returnCode', $c->returnCode());
    kill_kid($kid);
});
head('do* between tasks');
recorded('that are pending', 'now and then loses the task or times out');
recorded('that are paused', 'loses the task or times out');
head('functions that are removed');
foreach (['unregisterAll' => fn($w) => $w->unregisterAll(), 'unregister' => fn($w) => $w->unregister("again-unregister")] as $n => $remove) isolated("$n, then addFunction", function () use ($n, $remove, $echo) {
    $w = wk();
    $w->addFunction("again-$n", $echo);
    $w->addFunction('stays', $echo);
    $c = cl();
    $c->doBackground("again-$n", 'first');
    call('work', fn() => $w->work());
    call($n, fn() => $remove($w));
    $w->addFunction("again-$n", function ($j) { out('runs ' . $j->workload()); });
    $c->doBackground("again-$n", 'second');
    for ($i = 0; $i < 2; $i++) {
        muted(fn() => call("work #$i", fn() => $w->work()));
        show('returnCode', $w->returnCode());
    }
    $c->doBackground("again-$n", 'third');
    muted(fn() => call('work', fn() => $w->work()));
    show('returnCode', $w->returnCode());
});
isolated('the only one, right after a job', function () use ($echo) {
    $w = wk();
    $w->addFunction('only', $echo);
    cl()->doBackground('only', 'W');
    call('work', fn() => $w->work());
    call('unregister', fn() => $w->unregister('only'));
    for ($i = 0; $i < 2; $i++) {
        muted(fn() => call("work #$i", fn() => $w->work()));
        show('returnCode', $w->returnCode());
    }
});
isolated('one that was added twice', function () {
    $w = wk();
    $w->addFunction('twice', function ($j) { out('the first runs'); });
    $w->addFunction('twice', function ($j) { out('the second runs'); });
    call('unregister', fn() => $w->unregister('twice'));
    cl()->doBackground('twice', 'W');
    muted(fn() => call('work', fn() => $w->work()));
    show('returnCode', $w->returnCode());
});
head('ping of a worker');
isolated('that is told of a job', function () use ($echo) {
    start_tap(TAP, P);
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', TAP);
    $w->setTimeout(100);
    $w->addFunction('woken', $echo);
    muted(fn() => call('work', fn() => $w->work()));
    cl()->doBackground('woken', 'W');
    tapped(TAP, 'NOOP');
    muted(fn() => call('ping', fn() => $w->ping('abc')));
    show('returnCode', $w->returnCode());
    muted(fn() => call('work', fn() => $w->work()));
    show('returnCode', $w->returnCode());
});
head('a finished task that is kept');
isolated('sendWorkload', function () use ($echo) {
    $kid = worker(P, ['echo' => $echo]);
    $c = cl();
    $c->removeOptions(GEARMAN_CLIENT_FREE_TASKS);
    $t = $c->addTask('echo', 'abc');
    call('runTasks', fn() => $c->runTasks());
    muted(fn() => call('sendWorkload', fn() => $t->sendWorkload('x')));
    show('returnCode', $t->returnCode());
    show('client', $c->returnCode());
    join_kid($kid);
});
head('options of a client');
isolated('the bit for exceptions', function () {
    $kid = worker(P, ['raises' => function ($j) { $j->sendException('text'); $j->sendFail(); }]);
    $c = cl(false);
    $c->setTimeout(2000);
    $c->setOptions(128);
    show('options', $c->options());
    call('doNormal', fn() => $c->doNormal('raises', 'W'));
    show('returnCode', $c->returnCode());
    kill_kid($kid);
});
