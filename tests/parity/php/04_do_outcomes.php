<?php require __DIR__ . '/lib.php';
/* do*() with jobs that send data, statuses and warnings, that fail or that raise */
define('P', port('P'));
start_gearmand(P);
function cl(bool $exc = true): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P, $exc); return $c; }
$fns = [
    'data' => function ($j) { $j->sendData('d1'); $j->sendData('d2'); return 'R'; },
    'status' => function ($j) { $j->sendStatus(1, 4); $j->sendStatus(3, 4); return 'R'; },
    'warn' => function ($j) { $j->sendWarning('w1'); return 'R'; },
    'mix' => function ($j) { $j->sendStatus(1, 2); $j->sendData('d1'); $j->sendWarning('w1'); return 'R'; },
    'complete' => function ($j) { $j->sendComplete('C'); return 'R'; },
    'fail' => function ($j) { $j->sendFail(); return 'R'; },
    'exc' => function ($j) { $j->sendException('boom'); return 'R'; },
    'excfail' => function ($j) { $j->sendException('boom'); $j->sendFail(); return 'R'; },
    'datafail' => function ($j) { $j->sendData('d1'); $j->sendFail(); },
    'dataexc' => function ($j) { $j->sendData('d1'); $j->sendException('boom'); },
    'dataonly' => function ($j) { $j->sendData('d1'); $j->sendData("d\0 2"); },
    'nothing' => function ($j) { },
    'empty' => function ($j) { return ''; },
];
$kid = worker(P, $fns, 400);
$raising = ['exc', 'excfail', 'dataexc'];
foreach ([true, false] as $exc) {
    head('doNormal, setupExceptionHandler ' . v($exc));
    foreach (array_keys($fns) as $f) {
        if (!$exc && in_array($f, $raising)) { recorded($f, 'never returns'); continue; }
        isolated($f, function () use ($f, $exc) {
            $c = cl($exc);
            call("doNormal($f)", fn() => $c->doNormal($f, 'x'), $c);
            out('    doStatus ' . v($c->doStatus()) . ' doJobHandle ' . v($c->doJobHandle()));
        });
    }
}
head('the loop of the manual');
foreach (['data', 'status', 'warn', 'mix', 'fail'] as $f) isolated($f, function () use ($f) {
    $c = cl();
    $n = 0;
    do {
        $r = $c->doNormal($f, 'x');
        $n++;
        out("round $n: " . v($r) . ' rc ' . rc_name($c->returnCode()) . ' status ' . v($c->doStatus()) . ' handle ' . v($c->doJobHandle()));
        if ($c->returnCode() === GEARMAN_WORK_FAIL) break;
    } while ($c->returnCode() !== GEARMAN_SUCCESS && $n < 6);
});
head('one client after the other outcome');
isolated('in a row', function () {
    $c = cl();
    foreach (['fail', 'data', 'exc', 'warn', 'fail', 'status'] as $f) call("doNormal($f)", fn() => $c->doNormal($f, 'x'), $c);
    foreach (['doHigh', 'doLow'] as $m) foreach (['exc', 'mix'] as $f) call("$m($f)", fn() => $c->$m($f, 'x'), $c);
});
head('callbacks are not for do*');
isolated('all set', function () {
    $c = cl();
    foreach (['Created', 'Data', 'Warning', 'Status', 'Complete', 'Exception', 'Fail'] as $n) $c->{"set{$n}Callback"}(function ($t) use ($n) { out("CALLBACK $n"); });
    foreach (['mix', 'fail', 'exc'] as $f) call("doNormal($f)", fn() => $c->doNormal($f, 'x'), $c);
    show('doBackground', $c->doBackground('bg', 'x') !== '');
});
head('the exceptions option, later');
isolated('enableExceptionHandler', function () {
    $c = cl(false);
    call('enableExceptionHandler', fn() => $c->enableExceptionHandler(), $c);
    call('doNormal(exc)', fn() => $c->doNormal('exc', 'x'), $c);
});
isolated('setExceptionCallback', function () {
    $c = cl(false);
    call('setExceptionCallback', fn() => $c->setExceptionCallback(function ($t) { out('exception ' . v($t->data())); }), $c);
    $c->addTask('exc', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
});
kill_kid($kid);
