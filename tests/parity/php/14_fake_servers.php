<?php require __DIR__ . '/lib.php';
/* Servers that are silent, refuse, hang up or send invalid packets */
define('SILENT', port('SILENT'));
define('FAKE', port('FAKE'));
$classes = ['GearmanClient', 'GearmanWorker'];
head('a server that never answers');
$kept = [];
$f = fake(SILENT, function ($c) use (&$kept) { $kept[] = $c; });
foreach ($classes as $cls) {
    isolated("$cls without a timeout", function () use ($cls) { $o = new $cls(); call('addServer', fn() => $o->addServer('127.0.0.1', SILENT), $o); }, 500);
    isolated("$cls with a timeout", function () use ($cls) {
        $o = new $cls();
        $o->setTimeout(200);
        call('addServer', fn() => $o->addServer('127.0.0.1', SILENT), $o);
    });
}
isolated('calls of a client without the option', function () {
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', SILENT, false);
    $c->setTimeout(150);
    foreach ([['doNormal', 'f', 'x'], ['doBackground', 'f', 'x'], ['jobStatus', 'H:1'], ['jobStatusByUniqueKey', 'u'], ['ping', 'x'], ['addTask', 'f', 'x'],
        ['runTasks']] as $a) { $m = array_shift($a); call($m, fn() => $c->$m(...$a), $c); }
});
kill_kid($f);
function against(callable $serve, callable $f, string $label): void {
    $k = fake(FAKE, $serve);
    isolated($label, $f);
    kill_kid($k);
}
function add(string $cls, bool $exc = true): GearmanClient|GearmanWorker { $o = new $cls(); $o->setTimeout(1500); $o->addServer('127.0.0.1', FAKE, $exc); return $o; }
head('a server that refuses the option');
foreach ($classes as $cls) against(function ($c) { packet_read($c); packet_send($c, 19, 'UNKNOWN_OPTION', 'Server does not recognize given option'); usleep(300000); },
    function () use ($cls) { $o = new $cls(); call('addServer', fn() => $o->addServer('127.0.0.1', FAKE), $o); }, $cls);
head('a server that hangs up');
foreach ($classes as $cls) against(function ($c) { fclose($c); }, function () use ($cls) {
    $o = new $cls();
    try { $r = muted(fn() => $o->addServer('127.0.0.1', FAKE)); } catch (Throwable $e) { $r = $e; }
    out('addServer ' . v($r) . ' rc ' . rc_name($o->returnCode()));
}, $cls);
against(function ($c) { fclose($c); }, function () {
    $c = add('GearmanClient', false);
    $r = muted(fn() => $c->doBackground('f', 'x'));
    out('doBackground ' . v($r) . ' rc ' . rc_name($c->returnCode()));
}, 'client without the option');
head('a server that speaks another protocol');
against(function ($c) { packet_read($c); fwrite($c, "HTTP/1.1 400 Bad Request\r\n\r\n"); usleep(300000); }, function () {
    $o = new GearmanClient();
    call('addServer', fn() => $o->addServer('127.0.0.1', FAKE), $o);
}, 'client');
against(function ($c) { packet_read($c); fwrite($c, "HTTP/1.1 400 Bad Request\r\n\r\n"); usleep(300000); }, function () {
    $c = add('GearmanClient', false);
    call('doNormal', fn() => $c->doNormal('f', 'x'), $c);
}, 'doNormal');
recorded('a line without a blank', 'crashes');
head('a submission that is refused');
foreach ([['QUEUE_ERROR', 'Job queue is full'], ['JOB_QUEUE_FULL', 'full'], ['whatever', 'some text'], ['INVALID_ARGUMENT', 'x']] as [$code, $txt])
    foreach (['doBackground', 'doNormal'] as $m) against(function ($c) use ($code, $txt) { packet_read($c); packet_send($c, 19, $code, $txt); usleep(300000); },
        function () use ($m) { $c = add('GearmanClient', false); call($m, fn() => $c->$m('f', 'x'), $c); }, "$m, $code");
against(function ($c) { packet_read($c); packet_send($c, 19, 'QUEUE_ERROR', 'Job queue is full'); usleep(300000); }, function () {
    $c = add('GearmanClient', false);
    $c->setFailCallback(function ($t) { out('FAIL'); });
    $c->addTask('f', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
}, 'runTasks, QUEUE_ERROR');
head('other answers');
against(function ($c) { packet_read($c); packet_send($c, 17, 'other'); usleep(300000); }, function () { $c = add('GearmanClient', false); call('ping', fn() => $c->ping('hello'), $c); }, 'ping');
foreach (['without' => '', 'with' => "\0"] as $n => $nul) {
    if ($n === 'with') { recorded('WORK_FAIL with a NUL after the handle', 'never returns'); continue; }
    against(function ($c) use ($nul) { packet_read($c); packet_send($c, 8, 'H:f:1'); packet_send($c, 14, 'H:f:1' . $nul); usleep(300000); },
        function () { $c = add('GearmanClient', false); call('doNormal', fn() => $c->doNormal('f', 'x'), $c); }, "WORK_FAIL $n a NUL after the handle");
}
against(function ($c) { packet_read($c); packet_send($c, 8, 'H:f:1'); packet_send($c, 25, 'H:f:1', 'unasked'); usleep(300000); },
    function () { $c = add('GearmanClient', false); call('doNormal', fn() => $c->doNormal('f', 'x'), $c); }, 'an exception that was not asked for');
