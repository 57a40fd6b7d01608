<?php require __DIR__ . '/lib.php';
/* function names and unique keys */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); return $c; }
$c = cl();
head('function names');
call('doNormal, empty', fn() => $c->doNormal('', 'w'), $c);
call('doBackground, empty', fn() => $c->doBackground('', 'w'), $c);
call('addTask, empty', fn() => $c->addTask('', 'w'), $c);
foreach ([512, 513] as $n) {
    call("doBackground, $n bytes", fn() => $c->doBackground(str_repeat('n', $n), 'w'), $c);
    if ($n > 512) call("doNormal, $n bytes", fn() => $c->doNormal(str_repeat('n', $n), 'w'), $c);
    $t = cl();
    call("addTaskBackground, $n bytes", fn() => $t->addTaskBackground(str_repeat('n', $n), 'w'), $t);
    call('runTasks', fn() => $t->runTasks(), $t);
}
foreach (['with space', "tab\tname", 'CaSe', 'case', "\u{e9}"] as $n) call('doBackground ' . v($n), fn() => $c->doBackground($n, 'w'), $c);
foreach (explode("\n", admin(P, 'status')) as $l) out('    status ' . str_replace(str_repeat('n', 512), 'n*512', $l));
head('unique keys by length');
foreach ([0, 1, 63, 64, 65, 200] as $n) {
    $u = str_repeat('u', $n);
    call("doBackground, $n", fn() => $c->doBackground("bg$n", 'ab', $u), $c);
    if ($n > 64) call("doNormal, $n", fn() => $c->doNormal('bg', 'ab', $u), $c);
    $t = cl();
    call("addTaskBackground, $n", function () use ($t, $n, $u) {
        $task = $t->addTaskBackground("tk$n", 'ab', null, $u);
        return $task ? [strlen($task->unique()), $task->unique()] : $task;
    });
    call('returnCode', fn() => $t->returnCode());
}
head('the unique key that the worker sees');
$w = worker(P, ['uq' => fn($j) => v($j->unique()) . ' ' . strlen($j->unique())], 60);
foreach (['empty' => '', 'short' => 'abc', '63' => str_repeat('x', 63), '64' => str_repeat('x', 64), 'dash' => '-', 'hash' => '#', 'space' => 'a b']
    as $n => $u) call($n, fn() => $c->doNormal('uq', 'wl', $u), $c);
call('none', fn() => $c->doNormal('uq', 'wl'), $c);
call('hash, other workload', fn() => $c->doNormal('uq', 'wl2', '#'), $c);
call('hash, the same workload', fn() => $c->doNormal('uq', 'wl2', '#'), $c);
kill_kid($w);
$w = worker(P, ['uq2' => fn($j) => v($j->unique())], 6, function ($w) {
    $w->removeOptions(GEARMAN_WORKER_GRAB_UNIQ | 512);
    out('options ' . $w->options());
});
call('a worker that does not ask for it', fn() => $c->doNormal('uq2', 'wl', 'abc'), $c);
kill_kid($w, true);
head('GENERATE_UNIQUE');
$g = cl();
$g->addOptions(64);
$w = worker(P, ['uq3' => fn($j) => v($j->unique())], 6);
call('none', fn() => $g->doNormal('uq3', 'wl'), $g);
call('given', fn() => $g->doNormal('uq3', 'wl', 'given'), $g);
call('task', fn() => $g->addTask('uq3', 'wl')->unique());
kill_kid($w);
