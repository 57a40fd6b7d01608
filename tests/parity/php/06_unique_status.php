<?php require __DIR__ . '/lib.php';
/* Submitting after a request for a status by unique key: PHP waits for ever */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); $c->setTimeout(4000); return $c; }
$kid = worker(P, ['rev' => fn($j) => strrev($j->workload())], 50);
head('after jobStatusByUniqueKey');
foreach (['doBackground', 'doNormal', 'runTasks'] as $l) recorded($l, 'never returns');
isolated('jobStatus', function () {
    $c = cl();
    $h = $c->doBackground('queued', 'x', 'q1');
    call('by unique key', fn() => $c->jobStatusByUniqueKey('q1'), $c);
    call('by handle', fn() => $c->jobStatus($h), $c);
    call('by unique key again', fn() => $c->jobStatusByUniqueKey('q1'), $c);
    call('another', fn() => $c->jobStatusByUniqueKey('q2'), $c);
    call('ping', fn() => $c->ping('x'), $c);
});
isolated('of a job that was finished', function () {
    $c = cl();
    call('doNormal', fn() => $c->doNormal('rev', 'abc', 'fin'), $c);
    call('by unique key', fn() => $c->jobStatusByUniqueKey('fin'), $c);
});
head('two clients');
isolated('one asks, the other submits', function () {
    $a = cl();
    $b = cl();
    show('submit', $b->doBackground('queued', 'x', 'q3') !== '');
    call('ask', fn() => $a->jobStatusByUniqueKey('q3'), $a);
    call('submit again', fn() => $b->doNormal('rev', 'abc'), $b);
});
kill_kid($kid);
