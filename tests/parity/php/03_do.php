<?php require __DIR__ . '/lib.php';
/* jobs in the foreground: workloads and results */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); return $c; }
$w = worker(P, ['rev' => fn($j) => strrev($j->workload()), 'echo' => fn($j) => $j->workload()], 200);
$c = cl();
head('success');
foreach (['doNormal', 'doHigh', 'doLow'] as $m) {
    call("$m(rev)", fn() => $c->$m('rev', 'Hello!'), $c);
    out('    doJobHandle ' . v($c->doJobHandle()) . ' doStatus ' . v($c->doStatus()));
}
head('workloads');
foreach (['zero' => '0', 'NULs' => "a\0b\0\0c", 'leading NUL' => "\0abc", 'binary' => "\xff\xfe\x00\x80", 'utf8' => "h\u{e9}llo \u{1f600}", 'int' => 42,
    'negative' => -7, 'float' => 1.5, 'whole float' => 2.0, 'large float' => 1e25, 'small float' => 0.1e-6, 'third' => 1 / 3, 'true' => true,
    'false' => false, 'empty' => ''] as $n => $x) call($n, fn() => $c->doNormal('echo', $x), $c);
call('array', fn() => $c->doNormal('echo', [1]), $c);
call('object', fn() => $c->doNormal('echo', new stdClass), $c);
foreach ([100, 8191, 8192, 65536, 300000] as $n) {
    $s = substr(str_repeat("\x00\x01abc\xff", intdiv($n, 6) + 1), 0, $n);
    $r = $c->doNormal('echo', $s);
    out("$n bytes: " . strlen($r) . ' bytes back, the same ' . v($r === $s) . ', ' . st($c));
}
head('an empty workload');
foreach (['doHigh', 'doLow', 'doBackground', 'doHighBackground', 'doLowBackground', 'addTask', 'addTaskHigh', 'addTaskLow',
    'addTaskBackground', 'addTaskHighBackground', 'addTaskLowBackground'] as $m) call("$m(echo)", fn() => $c->$m('echo', ''), $c);
call('ping', fn() => $c->ping(''), $c);
head('success after a failure');
call('bad', fn() => $c->doNormal('', 'w'), $c);
call('good', fn() => $c->doNormal('rev', 'abc'), $c);
head('named arguments');
call('doNormal', fn() => $c->doNormal(function: 'rev', workload: 'xyz', unique: 'named1'), $c);
head('procedural');
show('gearman_client_do_normal', gearman_client_do_normal($c, 'rev', 'xyz'));
show('gearman_client_do_high', gearman_client_do_high($c, 'rev', 'xyz'));
show('gearman_client_do_low', gearman_client_do_low($c, 'rev', 'xyz', 'u'));
show('gearman_client_do_background', gearman_client_do_background($c, 'bg', 'xyz'));
show('gearman_client_do_high_background', gearman_client_do_high_background($c, 'bg', 'xyz'));
show('gearman_client_do_low_background', gearman_client_do_low_background($c, 'bg', 'xyz'));
show('gearman_client_do_job_handle', gearman_client_do_job_handle($c));
show('gearman_client_do_status', gearman_client_do_status($c));
show('gearman_client_ping', gearman_client_ping($c, 'x'));
kill_kid($w);
