<?php require __DIR__ . '/lib.php';
/* Contexts, the order of tasks, and when a callback is bound to a task */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); return $c; }
$kid = worker(P, ['ok' => fn($j) => 'R:' . $j->workload(), 'fail' => function ($j) { $j->sendFail(); }, 'exc' => function ($j) { $j->sendException('boom'); }], 400);
head('the context is the second argument');
foreach (['none' => [], 'null' => [null], 'int' => [5], 'array' => [['a' => 1]], 'object' => [new stdClass], 'false' => [false], 'string' => ['s']]
    as $n => $ctx) isolated($n, function () use ($ctx) {
    $c = cl();
    $c->setCompleteCallback(function (...$a) { out(count($a) . ' arguments ' . v(array_slice($a, 1))); });
    $c->addTask('ok', 'W', ...$ctx);
    $c->runTasks();
});
isolated('named, without a context', function () {
    $c = cl();
    $c->setCompleteCallback(function (...$a) { out(count($a) . ' arguments ' . v($a[0]->unique())); });
    $c->addTask(function_name: 'ok', workload: 'W', unique_key: 'nn');
    $c->runTasks();
});
isolated('an object is shared', function () {
    $c = cl();
    $o = new stdClass;
    $o->n = 0;
    $c->setCompleteCallback(function ($t, $x) { $x->n++; });
    $c->addTask('ok', '1', $o);
    $c->addTask('ok', '2', $o);
    $c->runTasks();
    out('n ' . $o->n);
});
head('workloads');
foreach (['int' => 42, 'float' => 1.5, 'true' => true, 'NUL' => "a\0b", 'false' => false, 'empty' => ''] as $n => $wl) isolated($n, function () use ($wl) {
    $c = cl();
    $c->setCompleteCallback(function ($t) { out(v($t->data())); });
    call('addTask', fn() => $c->addTask('ok', $wl), $c);
    call('runTasks', fn() => $c->runTasks());
});
head('several tasks, one worker');
isolated('the last added is the first to run', function () {
    $c = cl();
    $got = [];
    $c->setCompleteCallback(function ($t, $x) use (&$got) { $got[] = "$x=" . $t->data(); });
    foreach (['a', 'b', 'c'] as $x) $c->addTask('ok', $x, $x);
    call('runTasks', fn() => $c->runTasks(), $c);
    out(v($got));
    call('runTasks again', fn() => $c->runTasks(), $c);
    $c->addTask('ok', 'd', 'd');
    call('runTasks once more', fn() => $c->runTasks(), $c);
    out(v($got));
});
isolated('one that fails does not stop the others', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t, $x) { out("complete $x"); });
    $c->setFailCallback(function ($t, $x) { out("fail $x"); });
    $c->setExceptionCallback(function ($t, $x) { out("exception $x " . v($t->data())); });
    foreach (['m_ok' => 'a', 'm_fail' => 'b', 'm_exc' => 'c', 'm_ok2' => 'd'] as $f => $x) $c->addTask($f, $x, $x);
    $c->setTimeout(300);
    muted(fn() => $c->runTasks());
    foreach (['m_ok', 'm_fail', 'm_exc', 'm_ok2'] as $f) until_queued(P, $f);
    $k = worker(P, ['m_ok' => fn($j) => 'R', 'm_fail' => function ($j) { $j->sendFail(); }, 'm_exc' => function ($j) { $j->sendException('boom'); },
        'm_ok2' => fn($j) => 'R'], 4);
    $c->setTimeout(5000);
    call('runTasks', fn() => $c->runTasks(), $c);
    join_kid($k);
});
isolated('no callbacks at all', function () {
    $c = cl();
    $c->addTask('fail', 'b');
    $c->addTask('exc', 'b');
    $c->addTask('ok', 'b');
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('the same unique key twice', function () {
    $c = cl();
    $c->setCreatedCallback(function ($t, $x) { out("created $x"); });
    $c->setCompleteCallback(function ($t, $x) { out("complete $x " . v($t->data())); });
    $c->addTask('twice', 'first', 'A', 'same');
    $c->addTask('twice', 'second', 'B', 'same');
    $c->setTimeout(300);
    muted(fn() => $c->runTasks());
    show('queued', counts(P, 'twice')[0]);
    $k = worker(P, ['twice' => function ($j) { out('ran ' . $j->workload()); return 'R:' . $j->workload(); }]);
    $c->setTimeout(5000);
    call('runTasks', fn() => $c->runTasks(), $c);
    join_kid($k);
});
isolated('task objects that nobody keeps', function () {
    $c = cl();
    $n = 0;
    $c->setCompleteCallback(function ($t) use (&$n) { $n++; });
    for ($i = 0; $i < 50; $i++) $c->addTask('ok', "$i");
    call('runTasks', fn() => $c->runTasks());
    out("completed $n");
});
isolated('a client that is gone before its tasks', function () {
    $c = cl();
    $t = $c->addTask('ok', 'x');
    $c = null;
    out('handle ' . v($t->jobHandle()) . ' rc ' . rc_name($t->returnCode()));
});
isolated('a task that outlives its client', function () {
    $c = cl();
    $t = $c->addTask('ok', 'x');
    $c->runTasks();
    $c = null;
    gc_collect_cycles();
    out('handle ' . v($t->jobHandle()) . ' data ' . v($t->data()) . ' rc ' . rc_name($t->returnCode()));
});
head('when a callback is bound');
isolated('set after addTask', function () {
    $c = cl();
    $c->addTask('ok', 'x');
    $c->setCompleteCallback(function ($t) { out('COMPLETE'); });
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('replaced after addTask', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t) { out('OLD'); });
    $c->addTask('ok', 'x');
    $c->setCompleteCallback(function ($t) { out('NEW'); });
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('a refused one keeps the old', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t) { out('OLD'); });
    call('setCompleteCallback', fn() => $c->setCompleteCallback('no_such_function'));
    $c->addTask('ok', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('clearCallbacks before addTask', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t) { out('COMPLETE'); });
    call('clearCallbacks', fn() => $c->clearCallbacks());
    $c->addTask('ok', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('clearCallbacks after addTask', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t) { out('COMPLETE'); });
    $c->addTask('ok', 'x');
    call('clearCallbacks', fn() => $c->clearCallbacks());
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('clearCallbacks in a callback', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t) use ($c) { out('COMPLETE'); $c->clearCallbacks(); });
    $c->addTask('ok', 'x');
    $c->addTask('ok', 'y');
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('addTask in a callback', function () {
    $c = cl();
    $n = 0;
    $c->setCompleteCallback(function ($t) use ($c, &$n) { out('complete ' . v($t->data())); if ($n++ < 2) $c->addTask('ok', "more$n"); });
    $c->addTask('ok', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
});
head('callables');
final class Cb {
    public function m($t) { out('method ' . v($t->data())); }
    public static function s($t) { out('static ' . v($t->data())); }
    public function __invoke($t) { out('invoke ' . v($t->data())); }
}
foreach (['method' => [new Cb, 'm'], 'static' => ['Cb', 's'], 'object' => new Cb] as $n => $cb) isolated($n, function () use ($cb) {
    $c = cl();
    call('set', fn() => $c->setCompleteCallback($cb));
    $c->addTask('ok', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('of the wrong arity', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t, $context, $more) { out('called'); });
    $c->addTask('ok', 'x', 'K');
    call('runTasks', fn() => $c->runTasks(), $c);
});
head('calls on the client from its own callback');
foreach (['doBackground', 'runTasks', 'doNormal'] as $m) recorded($m, 'hangs or crashes');
kill_kid($kid);
