<?php require __DIR__ . '/lib.php';
/* Background jobs, jobs with the same unique key, ping and wait */
define('P', port('P'));
start_gearmand(P, ...LOUD);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); return $c; }
head('handles');
$c = cl();
foreach (['doBackground', 'doHighBackground', 'doLowBackground'] as $m) {
    call("$m(bg, x)", fn() => $c->$m('bg', 'x'), $c);
    out('    doJobHandle ' . v($c->doJobHandle()) . ' doStatus ' . v($c->doStatus()));
}
foreach ([['', 'x'], ['bg', '']] as $refused) { // the first one keeps the handle
    call('doBackground', fn() => $c->doBackground(...$refused), $c);
    out('    doJobHandle ' . v($c->doJobHandle()));
}
head('unique keys');
$submissions = [['doBackground', 'co', 'A', 'uniq1'], ['doBackground', 'co', 'B', 'uniq1'], ['doHighBackground', 'co', 'C', 'uniq1'],
    ['doBackground', 'co', 'A', 'uniq2'], ['doBackground', 'other', 'A', 'uniq1'], ['doBackground', 'co', 'A'], ['doBackground', 'co', 'A'],
    ['doBackground', 'co', 'A', null], ['doBackground', 'co', 'A', ''], ['doBackground', 'co', 'A', '#'], ['doBackground', 'co', 'A', '#'],
    ['doBackground', 'co', 'B', '#'], ['doBackground', 'co', 'A', '-'], ['doBackground', 'co', 'A', '-'], ['doBackground', 'co', 'B', '-']];
foreach ($submissions as $a) {
    $m = array_shift($a);
    call($m . v($a), fn() => $c->$m(...$a), $c);
}
foreach (explode("\n", admin(P, 'status')) as $l) out("    status $l");
out('-- which workloads run');
$k = worker(P, ['co' => function ($j) { out(v($j->workload()) . ' ' . v($j->unique()) . ' ' . v($j->handle())); }], 10);
join_kid($k);
head('two clients in the foreground with the same unique key');
$n = created(P);
$k1 = spawn(function () { $c = cl(); call('client 1', fn() => $c->doNormal('fg', 'W1', 'same'), $c); }, 'c1');
until_created(P, $n + 1);
$k2 = spawn(function () { $c = cl(); call('client 2', fn() => $c->doNormal('fg', 'W2', 'same'), $c); }, 'c2');
until_created(P, $n + 2);
$k = worker(P, ['fg' => function ($j) { out('ran ' . $j->workload()); $j->sendData('D-'); return 'R:' . $j->workload(); }]);
foreach ([$k, $k1, $k2] as $kid) join_kid($kid);
head('background and then foreground with the same unique key');
call('doBackground', fn() => $c->doBackground('mixq', 'W1', 'u'), $c);
$n = created(P);
$k1 = spawn(function () { $c = cl(); call('doNormal', fn() => $c->doNormal('mixq', 'W2', 'u'), $c); }, 'c1');
until_created(P, $n + 1);
$k = worker(P, ['mixq' => function ($j) { out('ran ' . $j->workload()); return 'R:' . $j->workload(); }]);
join_kid($k);
join_kid($k1);
head('priorities');
foreach ([['doLowBackground', 'low1'], ['doBackground', 'norm1'], ['doHighBackground', 'high1'], ['doLowBackground', 'low2'],
    ['doHighBackground', 'high2'], ['doBackground', 'norm2']] as [$m, $x]) $c->$m('prio', $x);
join_kid(worker(P, ['prio' => function ($j) { out($j->workload()); }], 6));
head('ping');
foreach (['hello', "a\0b", str_repeat('p', 2048), str_repeat('p', 2049), str_repeat('p', 65536)] as $x) call('ping', fn() => $c->ping($x), $c);
$w = new GearmanWorker();
$w->addServer('127.0.0.1', P);
call('worker ping', fn() => $w->ping('hello'), $w);
call('worker ping, empty', fn() => $w->ping(''), $w);
head('wait with nothing to wait for');
$c->setTimeout(100);
call('wait', fn() => $c->wait(), $c);
$w->setTimeout(100);
call('worker wait', fn() => $w->wait(), $w);
