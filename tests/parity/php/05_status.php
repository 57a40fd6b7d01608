<?php require __DIR__ . '/lib.php';
/* the status of jobs, by handle and by unique key */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); return $c; }
$c = cl();
$u = cl();   // by unique key: a client of its own, for after it PHP's client submits nothing more
head('unknown');
call('handle', fn() => $c->jobStatus('H:nope:999'), $c);
call('empty handle', fn() => $c->jobStatus(''), $c);
foreach ([62, 63] as $n) isolated("handle of $n bytes", function () use ($n) { $c = cl(); call('jobStatus', fn() => $c->jobStatus(str_repeat('h', $n)), $c); });
foreach ([64, 200] as $n) recorded("handle of $n bytes", 'never returns');
call('unique key', fn() => $u->jobStatusByUniqueKey('nope'), $u);
foreach ([0, 1, 62, 63, 65, 200] as $n) isolated("unique key of $n bytes", function () use ($n) {
    $c = cl();
    call('jobStatusByUniqueKey', fn() => $c->jobStatusByUniqueKey(str_repeat('u', $n)), $c);
});
recorded('unique key of 64 bytes', 'never returns');
head('a job through its life');
$h = $c->doBackground('long', 'x', 'longu');
call('queued', fn() => $c->jobStatus($h), $c);
call('queued, by unique key', fn() => $u->jobStatusByUniqueKey('longu'), $u);
$go = H::$tmp . '/go';
$k = worker(P, ['long' => function ($j) use ($go) {
    until(fn() => file_exists("$go-1"));
    $j->sendStatus(3, 10);
    until(fn() => file_exists("$go-2"));
    return 'done';
}]);
until_running(P, 'long');
call('running', fn() => $c->jobStatus($h), $c);
touch("$go-1");
until(fn() => $c->jobStatus($h)[3] === 10);
call('after sendStatus', fn() => $c->jobStatus($h), $c);
call('by unique key', fn() => $u->jobStatusByUniqueKey('longu'), $u);
call('procedural', fn() => gearman_client_job_status($c, $h));
call('procedural, by unique key', fn() => gearman_client_job_status_by_unique_key($u, 'longu'));
touch("$go-2");
until_done(P, 'long');
join_kid($k);
call('finished', fn() => $c->jobStatus($h), $c);
call('finished, by unique key', fn() => $u->jobStatusByUniqueKey('longu'), $u);
head('the return code after a status by unique key');
$u = cl();
$u->doNormal('', 'x');
out('before ' . rc_name($u->returnCode()));
$u->jobStatusByUniqueKey('nope');
out('after ' . rc_name($u->returnCode()));
head('jobs in the background that failed');
$hs = [];
foreach (['bfail', 'bexc', 'bthrow'] as $f) $hs[] = $c->doBackground($f, 'x');
class OopsError extends Exception {}
$k = worker(P, ['bfail' => function ($j) { $j->sendFail(); }, 'bexc' => function ($j) { $j->sendException('e'); },
    'bthrow' => function ($j) { throw new OopsError('x'); }], 3, null, 'w', false);
join_kid($k);
foreach ($hs as $h) call("jobStatus($h)", fn() => $c->jobStatus($h), $c);
head('a job of another client in the foreground');
$k1 = spawn(function () { $c = cl(); call('doNormal', fn() => $c->doNormal('fgs', 'W1', 'fgs-u'), $c); }, 'c1');
until_queued(P, 'fgs');
call('queued, by unique key', fn() => $u->jobStatusByUniqueKey('fgs-u'), $u);
$k = worker(P, ['fgs' => fn($j) => 'ok']);
join_kid($k);
join_kid($k1);
head('a call before there is a server');
foreach (['jobStatus', 'doBackground'] as $m) recorded("$m, addServer, and then others", 'now and then never returns');
