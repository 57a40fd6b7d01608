<?php
/* Tasks of PHP for a worker of Python: php tasks.php PORT. Prints what the callbacks and a status request tell. */
$client = new GearmanClient();
$client->addServer('127.0.0.1', (int)$argv[1]);
$client->setTimeout(20000);
$seen = [];
$note = function ($what, $get) use (&$seen) {
    return function ($task, $context) use (&$seen, $what, $get) { $seen[$context][] = [$what, $get($task)]; };
};
$client->setStatusCallback($note('status', fn($t) => [$t->taskNumerator(), $t->taskDenominator()]));
$client->setDataCallback($note('data', fn($t) => $t->data()));
$client->setWarningCallback($note('warning', fn($t) => $t->data()));
$client->setCompleteCallback($note('complete', fn($t) => $t->data()));
$client->setExceptionCallback($note('exception', fn($t) => $t->data()));
$client->setFailCallback($note('fail', fn($t) => null));
$client->addTask('tell', 'x', 'tell');
$client->addTask('fail', 'x', 'fail');
$client->addTask('unique', 'x', 'unique', 'my-key');
$client->runTasks();
ksort($seen);
$handle = $client->doBackground('slow', 'x');
do { [$known, $running, $n, $d] = $client->jobStatus($handle); } while ($known && !($running && $n));
$seen['status'] = [$known, $running, $n, $d];
$client->doNormal('go_on', 'x');
echo json_encode($seen), "\n";
