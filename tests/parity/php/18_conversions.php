<?php require __DIR__ . '/lib.php';
/* Names, data and integers that PHP converts silently, and those that it refuses */
define('P', port('P'));
start_gearmand(P);
class Text { public function __construct(private string $text) {} public function __toString(): string { return $this->text; } }
class OopsError extends Exception {}
class Broken { public function __toString(): string { throw new OopsError('no text', 3); } }
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); $c->setTimeout(5000); return $c; }
function wk(): GearmanWorker { $w = new GearmanWorker(); $w->addServer('127.0.0.1', P); $w->setTimeout(2000); return $w; }
$texts = ['int' => 5, 'negative' => -7, 'zero' => 0, 'the largest' => PHP_INT_MAX, 'the smallest' => PHP_INT_MIN, 'float' => 1.5, 'integral float' => 1.0,
    'negative zero' => -0.0, 'a sum' => 0.1 + 0.2, '1e14' => 1e14, '1e15' => 1e15, '123456789012345678.0' => 123456789012345678.0, '1e25' => 1e25,
    '1.5e-7' => 1.5e-7, '-2.5e-300' => -2.5e-300, 'INF' => INF, '-INF' => -INF, 'NAN' => NAN, 'true' => true, 'false' => false,
    'object' => new Text('t5'), 'object with spaces' => new Text(' a b '), 'object without a text' => new Text(''), 'object in UTF-8' => new Text('jérôme')];
head('as names and data');
foreach ($texts as $label => $x) isolated($label, function () use ($x) {
    $c = cl();
    $w = wk();
    call('setContext', fn() => $c->setContext($x));
    show('context', $c->context());
    call('setId', fn() => $w->setId($x));
    call('jobStatus', fn() => $c->jobStatus($x));
    call('jobStatusByUniqueKey', fn() => cl()->jobStatusByUniqueKey($x));
    call('client ping', fn() => $c->ping($x));
    call('worker ping', fn() => $w->ping($x));
    call('register', fn() => $w->register($x));
    call('unregister', fn() => $w->unregister($x));
    call('doBackground', fn() => $c->doBackground('name' . $x, 'data', $x) !== '');
    $w->register('name' . $x);
    $j = $w->grabJob();
    out(v([$j->functionName(), $j->unique(), $j->workload()]));
    $j->sendComplete('');
    unset($j, $w);
    $w = wk();
    $w->register($x);
    call('doHighBackground', fn() => $c->doHighBackground($x, $x, 'key') !== '');
    if ((string)$x === '') return;
    $j = $w->grabJob();
    out(v([$j->functionName(), $j->unique(), $j->workload()]));
    call('sendStatus', fn() => $j->sendStatus(1, 2));
    call('sendComplete', fn() => $j->sendComplete($x));
    unset($j);
});
head('addFunction');
foreach ([5, 1.5, true, new Text('t5')] as $x) call('addFunction', fn() => wk()->addFunction($x, fn($j) => null));
head('of tasks');
foreach ($texts as $label => $x) isolated($label, function () use ($x) {
    $c = cl();
    $tasks = [$c->addTask('f', $x, null, $x), $c->addTaskBackground($x, 'data'), $c->addTaskStatus($x)];
    foreach ($tasks as $t) if ($t) out(v([$t->functionName(), $t->unique()]));
});
head('of jobs');
foreach ($texts as $label => $x) isolated($label, function () use ($label, $x) {
    $kid = worker(P, ['send' => function ($j) use ($x) {
        call('sendData', fn() => $j->sendData($x));
        call('sendWarning', fn() => $j->sendWarning($x));
        return $x;
    }, 'raise' => function ($j) use ($x) { call('sendException', fn() => $j->sendException($x)); }], 2);
    $c = cl();
    foreach (['Data', 'Warning', 'Complete', 'Exception', 'Fail'] as $n) $c->{"set{$n}Callback"}(function ($t) use ($n) { out("$n " . v($t->data())); });
    $c->addTask('send', 'W');
    call('runTasks', fn() => $c->runTasks());
    $c->addTask('raise', 'W');
    call('runTasks', fn() => $c->runTasks());
    join_kid($kid);
});
head('that are none');
foreach (['array' => [], 'array with an element' => [5], 'object' => new stdClass(), 'broken object' => new Broken()] as $label => $x) {
    out("-- $label");
    $c = cl();
    $w = wk();
    call('setContext', fn() => $c->setContext($x));
    call('setId', fn() => $w->setId($x));
    call('jobStatus', fn() => $c->jobStatus($x));
    call('ping', fn() => $c->ping($x));
    call("doBackground", fn() => $c->doBackground($x, "data"));
    call('doBackground, data', fn() => $c->doBackground('f', $x));
    call('doBackground, key', fn() => $c->doBackground('f', 'data', $x));
    call('addTask', fn() => $c->addTask('f', $x));
    call('register', fn() => $w->register($x));
    call('addServer', fn() => $c->addServer($x));
}
$c = new GearmanClient();
$w = new GearmanWorker();
$numbers = ['7', '-7', '+7', ' 7', '7 ', " \t\n\r\v\f7 \t\n\r\v\f", '007', '7.0', '7.', '.7e1', '7e0', '7E+0', '70e-1', '0.00007e5', '0', '-0', '-0.0', '+0', '2147483647',
    '-2147483648', '1e3', 7.0, -7.0, -0.0, 1e3, 2147483647.0, true, false];
$none = ['7abc', '7 x', 'abc', '', ' ', '.', '+', '-', 'e5', '1e', '1e+', '0x1A', '0b11', '0o7', '1_000', '٣', '７', "\u{a0}7", 'INF', 'inf', 'NAN', 'nan', '- 7',
    '+-7', '--7', '7,0', "7\0", "\0" . '7', '1e999', 'true', 'None', INF, -INF, NAN, [], [7], new stdClass(), new Text('7')];
head('as integers');
foreach ($numbers as $x) {
    out('-- ' . v($x));
    call('setTimeout', fn() => $c->setTimeout($x));
    show('timeout', $c->timeout());
    call('worker setTimeout', fn() => $w->setTimeout($x));
    show('timeout', $w->timeout());
    call('sendStatus', fn() => muted(fn() => (new GearmanJob())->sendStatus($x, $x)));
}
foreach (['2', ' 2 ', '2.0', 2.0, '2e0'] as $x) {
    out('-- ' . v($x) . ' as others');
    call('setOptions', fn() => $c->setOptions($x));
    show('options', $c->options());
    call('removeOptions', fn() => $c->removeOptions($x));
    show('options', $c->options());
    call('worker addOptions', fn() => $w->addOptions($x));
    show('options', $w->options());
    call('addServer', fn() => $c->addServer('127.0.0.1', $x, false));
    call('addFunction', fn() => $w->addFunction('f', fn($j) => null, null, $x));
    call('register', fn() => $w->register('f', $x));
    $j = new GearmanJob();
    call('setReturn', fn() => $j->setReturn($x));
    show('returnCode', $j->returnCode());
    call('recvData', fn() => (new GearmanTask())->recvData($x));
    call('gearman_verbose_name', fn() => gearman_verbose_name($x));
}
head('that are no integers');
foreach ($none as $x) {
    out('-- ' . v($x));
    call('setTimeout', fn() => $c->setTimeout($x));
    call('sendStatus', fn() => (new GearmanJob())->sendStatus(1, $x));
    call('addServer', fn() => $c->addServer('127.0.0.1', $x));
    call('setReturn', fn() => (new GearmanJob())->setReturn($x));
}
head('with a fraction or out of range');
foreach (['1.5', '1e-1', ' 2.5 ', 2.5, -0.5, 1e30, '1e30', '99999999999999999999', '9223372036854775808'] as $x) {
    out('-- ' . v($x));
    call('setTimeout', fn() => $c->setTimeout($x));
}
head('sendStatus of a running job');
foreach (['7', ' 7 ', '7.0', 7.0, 50.0, true, false, '-1', -1.0, '4294967295'] as $x) isolated(v($x), function () use ($x) {
    $kid = worker(P, ['status' => function ($j) use ($x) { call('sendStatus', fn() => $j->sendStatus($x, 100.0)); }]);
    $c = cl();
    $c->setStatusCallback(function ($t) { out(v([$t->taskNumerator(), $t->taskDenominator()])); });
    $c->addTask('status', 'W');
    $c->runTasks();
    join_kid($kid);
});
head('as bool');
define('DOWN', port('DOWN'));
foreach ([true, false, 1, 0, 0.0, 0.5, '', '0', '1', 'false', '0.0', ' '] as $x) {
    out('-- ' . v($x));
    $c = new GearmanClient();
    call('addServer', fn() => $c->addServer('127.0.0.1', DOWN, $x));
    call('addServers', fn() => $c->addServers('127.0.0.1:' . DOWN, $x));
}
