<?php require __DIR__ . '/lib.php';
/* Return values and exceptions of callbacks */
define('P', port('P'));
start_gearmand(P);
class OopsError extends Exception {}
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); $c->setTimeout(3000); return $c; }
$fns = ['all' => function ($j) { $j->sendData('d'); $j->sendWarning('w'); $j->sendStatus(1, 2); return 'R'; },
    'fail' => function ($j) { $j->sendFail(); }, 'exc' => function ($j) { $j->sendException('e'); }];
$kid = worker(P, $fns, 400);
/* one run in which the first call of one callback returns $value, and the runs after it */
function returning(string $callback, $value, string $function = 'all', int $runs = 2): void {
    $c = cl();
    $calls = 0;
    foreach (['Created', 'Data', 'Warning', 'Status', 'Complete', 'Exception', 'Fail'] as $n)
        $c->{"set{$n}Callback"}(function ($t) use ($n, $callback, $value, &$calls) {
            out("$n " . v($t->data()));
            if ($n === $callback && $calls++ === 0) return $value;
        });
    $c->addTask($function, 'W', null, "u-$callback-" . v($value));
    for ($i = 0; $i < $runs; $i++) call("runTasks #$i", fn() => $c->runTasks(), $c);
}
head('PAUSE, once');
foreach (['Created' => 'all', 'Data' => 'all', 'Warning' => 'all', 'Status' => 'all', 'Complete' => 'all', 'Fail' => 'fail', 'Exception' => 'exc']
    as $n => $f) isolated($n, fn() => returning($n, GEARMAN_PAUSE, $f));
head('other values, once');
foreach (['null' => null, 'false' => false, '0' => 0, 'empty array' => [], 'text' => 'abc', 'empty text' => '', 'PAUSE as text' => '38',
    'PAUSE as float' => 38.9, 'WORK_FAIL' => GEARMAN_WORK_FAIL, 'WORK_DATA' => GEARMAN_WORK_DATA, 'WORK_EXCEPTION' => GEARMAN_WORK_EXCEPTION,
    'ERRNO' => GEARMAN_ERRNO, 'LOST_CONNECTION' => GEARMAN_LOST_CONNECTION, 'TIMEOUT' => GEARMAN_TIMEOUT,
    '2 ** 40' => 1 << 40, '2 ** 32 + WORK_FAIL' => (1 << 32) + GEARMAN_WORK_FAIL, '2 ** 32 + JOB_QUEUE_FULL as float' => 4294967313.0,
    '2 ** 31 + 7' => (1 << 31) + 7, '1e30' => 1e30, 'text after a number' => '24x', 'text after a fraction' => '24.9x', 'an exponent' => '2.4e1',
    'text after an exponent' => '2.4e1x', 'half an exponent' => '24e', 'an underscore' => '2_4', 'Arabic digits' => '٢٤', 'wide digits' => '２４',
    'hexadecimal' => '0x18', 'blanks' => " \t\n\r\v\f24 ", 'a blank that is none' => "\u{a0}24", 'plus' => '+24', 'a lone sign' => '- 24', 'no digit before' => '.24e2', 'INF as text' => 'INF',
    '1e30 as text' => '1e30', '-1e30 as text' => '-1e30', 'twenty digits' => '99999999999999999999', '2 ** 32 + WORK_FAIL as text' => '4294967320',
    '-1 as text' => '-1', 'INF' => INF, 'NAN' => NAN, 'NUL' => "24\0"] as $n => $x)
    isolated($n, fn() => returning('Data', $x));
foreach (['true', '1', '1 as text'] as $n) recorded($n, 'wedges the client');
head('PAUSE, three times');
isolated('Complete', function () {
    $c = cl();
    $calls = 0;
    $c->setCompleteCallback(function ($t) use (&$calls) { out('Complete ' . v($t->data())); return $calls++ < 3 ? GEARMAN_PAUSE : null; });
    $c->addTask('all', 'W');
    for ($i = 0; $i < 5; $i++) call("runTasks #$i", fn() => $c->runTasks(), $c);
});
head('exceptions');
foreach (['Created' => 'all', 'Data' => 'all', 'Complete' => 'all', 'Fail' => 'fail', 'Exception' => 'exc'] as $n => $f) isolated($n, function () use ($n, $f) {
    $c = cl();
    $c->{"set{$n}Callback"}(function ($t) use ($n) { out($n); throw new OopsError("in $n", 7); });
    $c->addTask($f, 'W');
    call('runTasks', fn() => $c->runTasks(), $c);
    $c->{"set{$n}Callback"}(function ($t) {});
    $c->addTask('nobody', 'W');
    $c->setTimeout(150);
    call('runTasks with another', fn() => $c->runTasks(), $c);
});
isolated('the client goes on', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t) { out('complete'); throw new OopsError('in complete', 7); });
    $c->addTask('all', 'W');
    call('runTasks', fn() => $c->runTasks(), $c);
    call('doNormal', fn() => $c->doNormal('all', 'W'), $c);
    $c->setCompleteCallback(function ($t) { out('fine'); });
    $c->addTask('all', 'W');
    call('runTasks', fn() => $c->runTasks(), $c);
});
isolated('the first of three tasks', function () {
    $c = cl();
    $n = 0;
    $c->setCompleteCallback(function ($t, $x) use (&$n) { out("complete $x"); if ($n++ === 0) throw new OopsError('first'); });
    foreach (['a', 'b', 'c'] as $x) $c->addTask('all', $x, $x);
    call('runTasks', fn() => $c->runTasks(), $c);
    call('runTasks again', fn() => $c->runTasks(), $c);
});
kill_kid($kid);
