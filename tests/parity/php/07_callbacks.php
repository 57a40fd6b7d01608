<?php require __DIR__ . '/lib.php';
/* The arguments of callbacks, and what a task returns in every state */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); return $c; }
function look($t): string {
    return 'handle ' . v($t->jobHandle()) . ' unique ' . v($t->unique()) . ' function ' . v($t->functionName()) . ' data ' . v($t->data()) . ' size '
        . v($t->dataSize()) . ' ' . v($t->taskNumerator()) . '/' . v($t->taskDenominator()) . ' known ' . v($t->isKnown()) . ' running '
        . v($t->isRunning()) . ' rc ' . rc_name($t->returnCode());
}
function all_callbacks(GearmanClient $c): void {
    foreach (['Created', 'Data', 'Warning', 'Status', 'Complete', 'Exception', 'Fail'] as $n)
        $c->{"set{$n}Callback"}(function (...$a) use ($n) { out("$n: " . v($a) . ' ' . look($a[0])); });
}
$fns = [
    'ok' => fn($j) => 'R:' . $j->workload(),
    'data' => function ($j) { $j->sendData('d1'); $j->sendData("d\0002"); return 'R'; },
    'status' => function ($j) { $j->sendStatus(1, 4); $j->sendStatus(3, 4); return 'R'; },
    'warn' => function ($j) { $j->sendWarning('w1'); return 'R'; },
    'mix' => function ($j) { $j->sendStatus(1, 2); $j->sendData('d1'); $j->sendWarning('w1'); $j->sendStatus(2, 2); return 'R'; },
    'fail' => function ($j) { $j->sendFail(); },
    'datafail' => function ($j) { $j->sendData('d1'); $j->sendFail(); },
    'exc' => function ($j) { $j->sendException("bo\0om"); },
    'statusexc' => function ($j) { $j->sendStatus(1, 9); $j->sendException('boom'); },
    'none' => function ($j) { },
];
$kid = worker(P, $fns, 400);
head('every callback, one task of each kind');
foreach (array_keys($fns) as $f) isolated($f, function () use ($f) {
    $c = cl();
    all_callbacks($c);
    $t = $c->addTask($f, 'W', 'ctx', "u-$f");
    call('runTasks', fn() => $c->runTasks(), $c);
    out('after: ' . look($t));
});
head('without FREE_TASKS');
foreach (['ok', 'status', 'fail', 'exc'] as $f) isolated($f, function () use ($f) {
    $c = cl();
    $c->removeOptions(GEARMAN_CLIENT_FREE_TASKS);
    $t = $c->addTask($f, 'W', 'ctx', "u-$f");
    call('runTasks', fn() => $c->runTasks(), $c);
    out('after: ' . look($t));
});
head('before runTasks');
isolated('addTask', function () {
    $c = cl();
    $t = $c->addTask('ok', 'W', null, 'uu');
    out(look($t));
});
isolated('without a unique key', function () {
    $c = cl();
    foreach (['addTask', 'addTaskBackground'] as $m) out($m . ' ' . look($c->$m('ok', 'W')));
});
head('background tasks');
foreach (['addTaskBackground', 'addTaskHighBackground', 'addTaskLowBackground'] as $m) isolated($m, function () use ($m) {
    $c = cl();
    all_callbacks($c);
    $t = $c->$m("bg$m", 'W', 'ctx', "b-$m");
    call('runTasks', fn() => $c->runTasks(), $c);
    out('after: ' . look($t));
});
head('high and low');
foreach (['addTaskHigh', 'addTaskLow'] as $m) isolated($m, function () use ($m) {
    $c = cl();
    all_callbacks($c);
    $c->$m('ok', 'W', 'ctx', "p-$m");
    call('runTasks', fn() => $c->runTasks(), $c);
});
head('procedural');
isolated('tasks', function () {
    $c = cl();
    gearman_client_set_complete_callback($c, function ($t) {
        out(v([gearman_task_return_code($t), gearman_task_function_name($t), gearman_task_unique($t), gearman_task_job_handle($t),
            gearman_task_is_known($t), gearman_task_is_running($t), gearman_task_numerator($t), gearman_task_denominator($t), gearman_task_data($t),
            gearman_task_data_size($t)]));
    });
    $t = gearman_client_add_task($c, 'ok', 'x', null, 'pu');
    show('task', $t);
    call('gearman_client_run_tasks', fn() => gearman_client_run_tasks($c));
    out('    rc ' . rc_name($c->returnCode()));
    gearman_client_add_task_high($c, 'ok', 'y', null, 'pv');
    call('gearman_client_run_tasks', fn() => gearman_client_run_tasks($c));
    out('    rc ' . rc_name($c->returnCode()));
    call('gearman_client_clear_callbacks', fn() => gearman_client_clear_callbacks($c));
    out('    rc ' . rc_name($c->returnCode()));
});
head('status tasks');
isolated('of a queued job', function () {
    $c = cl();
    $h = $c->doBackground('later', 'x');
    all_callbacks($c);
    $t = $c->addTaskStatus($h, 'sctx');
    out('before: ' . look($t));
    call('runTasks', fn() => $c->runTasks(), $c);
    out('after: ' . look($t));
});
isolated('of an unknown handle', function () {
    $c = cl();
    all_callbacks($c);
    $c->addTaskStatus('H:unknown:1');
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('of a running job', function () {
    $go = H::$tmp . '/run';
    $k = worker(P, ['run' => function ($j) use ($go) { $j->sendStatus(5, 9); until(fn() => file_exists($go)); }]);
    $c = cl();
    $h = $c->doBackground('run', 'x');
    until(fn() => $c->jobStatus($h)[3] === 9);
    all_callbacks($c);
    $c->addTaskStatus($h, 'sctx');
    call('runTasks', fn() => $c->runTasks(), $c);
    touch($go);
    join_kid($k);
});
isolated('without a callback', function () {
    $c = cl();
    $c->addTaskStatus('H:unknown:1');
    call('runTasks', fn() => $c->runTasks(), $c);
});
recorded('several, and a normal task', 'crashes');
recorded('of a handle of 64 bytes', 'never returns');
kill_kid($kid);
