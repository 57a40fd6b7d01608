<?php require __DIR__ . '/lib.php';
head('client options');
$names = ['ALLOCATED' => GEARMAN_CLIENT_ALLOCATED, 'NON_BLOCKING' => GEARMAN_CLIENT_NON_BLOCKING,
    'TASK_IN_USE' => GEARMAN_CLIENT_TASK_IN_USE, 'UNBUFFERED_RESULT' => GEARMAN_CLIENT_UNBUFFERED_RESULT,
    'NO_NEW' => GEARMAN_CLIENT_NO_NEW, 'FREE_TASKS' => GEARMAN_CLIENT_FREE_TASKS, 'generate unique' => 64, '128' => 128, '512' => 512,
    '1024' => 1024];
foreach ($names as $n => $o) {
    $c = new GearmanClient();
    out("$n: addOptions " . v($c->addOptions($o)) . ', options ' . $c->options());
    out('    removeOptions ' . v($c->removeOptions($o)) . ', options ' . $c->options());
    $c = new GearmanClient();
    out('    setOptions ' . v($c->setOptions($o)) . ', options ' . $c->options());
}
$c = new GearmanClient();
$c->setOptions(0);
show('setOptions(0)', $c->options());
$c->setOptions(GEARMAN_CLIENT_NON_BLOCKING | GEARMAN_CLIENT_FREE_TASKS);
show('setOptions(NON_BLOCKING | FREE_TASKS)', $c->options());
head('client timeout');
$c = new GearmanClient();
foreach ([0, 1, 100, -1, -5, 2147483647] as $t) out("setTimeout($t) " . v($c->setTimeout($t)) . ', timeout ' . v($c->timeout()));
head('client context');
$c = new GearmanClient();
show('context', $c->context());
foreach (['abc', '', "h\u{e9}"] as $x) {
    call('setContext', fn() => $c->setContext($x));
    show('context', $c->context());
}
call('setContext(array)', fn() => $c->setContext([]));
head('worker options');
foreach (['ALLOCATED' => 1, 'NON_BLOCKING' => 2, 'PACKET_INIT' => 4, 'GRAB_JOB_IN_USE' => 8, 'PRE_SLEEP_IN_USE' => 16,
    'WORK_JOB_IN_USE' => 32, 'CHANGE' => 64, 'GRAB_UNIQ' => 128, 'TIMEOUT_RETURN' => 256, 'grab all' => 512, 'identifier' => 2048,
    '4096' => 4096] as $n => $o) {
    $w = new GearmanWorker();
    out("$n: addOptions " . v($w->addOptions($o)) . ', options ' . $w->options());
    out('    removeOptions ' . v($w->removeOptions($o)) . ', options ' . $w->options() . ', timeout ' . $w->timeout());
    $w = new GearmanWorker();
    out('    setOptions ' . v($w->setOptions($o)) . ', options ' . $w->options() . ', timeout ' . $w->timeout());
}
$w = new GearmanWorker();
$w->setOptions(0);
out('setOptions(0): options ' . $w->options() . ', timeout ' . $w->timeout());
head('worker timeout and its option');
$w = new GearmanWorker();
$w->setTimeout(500);
out('setTimeout(500): options ' . $w->options() . ', timeout ' . $w->timeout());
$w->setOptions(GEARMAN_WORKER_NON_BLOCKING);
out('setOptions(NON_BLOCKING): options ' . $w->options() . ', timeout ' . $w->timeout());
$w = new GearmanWorker();
$w->setTimeout(-1);
out('setTimeout(-1): options ' . $w->options() . ', timeout ' . $w->timeout());
$w->removeOptions(GEARMAN_WORKER_TIMEOUT_RETURN);
out('removeOptions(TIMEOUT_RETURN): options ' . $w->options() . ', timeout ' . $w->timeout());
$w = new GearmanWorker();
foreach ([0, 1, 100, -1, -5, 2147483647] as $t) out("setTimeout($t) " . v($w->setTimeout($t)) . ', timeout ' . v($w->timeout()));
