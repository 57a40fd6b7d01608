<?php require __DIR__ . '/lib.php';
/* objects that were never given a server */
head('a fresh client');
$c = new GearmanClient();
foreach (['returnCode', 'error', 'getErrno', 'options', 'timeout', 'context', 'doJobHandle', 'doStatus', 'clearCallbacks'] as $m)
    call("$m()", fn() => $c->$m());
head('client calls without a server');
$calls = [['wait'], ['ping', 'x'], ['runTasks'], ['jobStatus', 'H:x:1'], ['jobStatusByUniqueKey', 'u'], ['enableExceptionHandler'],
    ['doNormal', 'f', 'w'], ['doHigh', 'f', 'w'], ['doLow', 'f', 'w'], ['doBackground', 'f', 'w'], ['doHighBackground', 'f', 'w'],
    ['doLowBackground', 'f', 'w'], ['addTask', 'f', 'w'], ['addTaskBackground', 'f', 'w'], ['addTaskStatus', 'H:x:1']];
foreach ($calls as $a) {
    $m = array_shift($a);
    isolated($m, function () use ($m, $a) {
        $c = new GearmanClient();
        call("$m()", fn() => $c->$m(...$a), $c);
        if (str_starts_with($m, 'addTask')) call('runTasks()', fn() => $c->runTasks(), $c);
    });
}
head('callbacks of a client without a server');
foreach (['Workload', 'Created', 'Data', 'Warning', 'Status', 'Complete', 'Exception', 'Fail'] as $n) {
    $m = "set{$n}Callback";
    $c = new GearmanClient();
    call("$m(function)", fn() => $c->$m(function ($t) {}), $c);
    call("$m(null)", fn() => $c->$m(null), $c);
}
$c = new GearmanClient();
call('setDataCallback(text)', fn() => $c->setDataCallback('no_such_fn'), $c);
call('setDataCallback(123)', fn() => $c->setDataCallback(123), $c);
head('a fresh worker');
$w = new GearmanWorker();
foreach (['returnCode', 'error', 'getErrno', 'options', 'timeout'] as $m) call("$m()", fn() => $w->$m());
head('worker calls without a server');
$f = fn($j) => null;
foreach ([['wait'], ['ping', 'x'], ['work'], ['grabJob'], ['register', 'f'], ['register', 'f', 5], ['unregister', 'f'], ['unregisterAll'],
    ['setId', 'id1'], ['addFunction', 'f', $f], ['enableExceptionHandler']] as $i => $a) {
    $m = array_shift($a);
    isolated("$m #$i", function () use ($m, $a) {
        $w = new GearmanWorker();
        call("$m()", fn() => $w->$m(...$a), $w);
    });
}
isolated('addFunction, work', function () use ($f) {
    $w = new GearmanWorker();
    $w->addFunction('f', $f);
    call('work', fn() => $w->work(), $w);
    call('work again', fn() => $w->work(), $w);
});
isolated('addFunction, setTimeout(100), work', function () use ($f) {
    $w = new GearmanWorker();
    $w->addFunction('f', $f);
    $w->setTimeout(100);
    call('work', fn() => $w->work(), $w);
});
isolated('NON_BLOCKING, addFunction, work', function () use ($f) {
    $w = new GearmanWorker();
    $w->setOptions(GEARMAN_WORKER_NON_BLOCKING);
    $w->addFunction('f', $f);
    call('work', fn() => $w->work(), $w);
});
