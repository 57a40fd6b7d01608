<?php require __DIR__ . '/lib.php';
/* The packets that a client sends */
define('P', port('P'));
define('TAP', port('TAP'));
start_gearmand(P);
start_tap(TAP, P);
function cl(bool $exc = true): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', TAP, $exc); return $c; }
$kid = worker(P, ['rev' => fn($j) => strrev($j->workload()), 'fail' => function ($j) { $j->sendFail(); }, 'exc' => function ($j) { $j->sendException('boom'); },
    'all' => function ($j) { $j->sendData('D'); $j->sendWarning('W'); $j->sendStatus(1, 2); $j->sendData(''); return 'C'; }], 100);
head('one client');
$c = cl();
tap_dump(TAP, 'OPTION_RES');
foreach (['doNormal', 'doHigh', 'doLow'] as $m) {
    out("-- $m");
    $c->$m('rev', 'Hello!', 'u');
    tap_dump(TAP, 'WORK_COMPLETE');
}
foreach (['doBackground', 'doHighBackground', 'doLowBackground'] as $m) {
    out("-- $m");
    $c->$m('bg', 'Hello!', "u$m");
    tap_dump(TAP, 'JOB_CREATED');
}
out('-- jobStatus');
$c->jobStatus('H:golden:1');
tap_dump(TAP, 'STATUS_RES');
out('-- ping');
$c->ping("p\0q");
tap_dump(TAP, 'ECHO_RES');
out('-- a job that fails');
$c->doNormal('fail', 'x', 'u');
tap_dump(TAP, 'WORK_FAIL');
out('-- a job that raises');
$c->doNormal('exc', 'x', 'u');
tap_dump(TAP, 'WORK_EXCEPTION');
out('-- data, warning, status');
$c->doNormal('all', 'x', 'u');
tap_dump(TAP, 'WORK_COMPLETE');
out('-- enableExceptionHandler');
$c->enableExceptionHandler();
tap_dump(TAP, 'OPTION_RES');
out('-- tasks');
foreach (['a', 'b', 'c'] as $x) $c->addTaskBackground("bg$x", $x, null, "u$x");
$c->runTasks();
tap_dump(TAP, 'JOB_CREATED', 3, '>');
out('-- a status task');
$c->addTaskStatus('H:golden:1');
$c->runTasks();
tap_dump(TAP, 'STATUS_RES');
head('without the exceptions option');
$n = cl(false);
$n->doNormal('rev', 'x', 'u');
tap_dump(TAP, 'WORK_COMPLETE');
head('by unique key, on a client of its own');
$u = cl();
$u->jobStatusByUniqueKey('nope');
tap_dump(TAP, 'STATUS_RES_UNIQUE');
kill_kid($kid);
