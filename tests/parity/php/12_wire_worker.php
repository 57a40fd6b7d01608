<?php require __DIR__ . '/lib.php';
/* The packets that a worker sends */
define('P', port('P'));
define('TAP', port('TAP'));
start_gearmand(P);
start_tap(TAP, P);
class OopsError extends Exception {}
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); return $c; }
function wk(): GearmanWorker { $w = new GearmanWorker(); $w->addServer('127.0.0.1', TAP); tap_dump(TAP, 'OPTION_RES'); return $w; }
/* works until a packet has passed: a call that was too short for it is followed by another */
function work_until(GearmanWorker $w, string $last): void {
    for ($i = 0; $i < 5; $i++) { $w->work(); if (tapped(TAP, $last)) return; }
}
head('one worker');
$w = wk();
$w->addFunction('tap1', fn($j) => 'R');
$w->addFunction('tap2', fn($j) => 'R', null, 7);
out('-- setId');
$w->setId('tapid');
tap_dump(TAP, 'SET_CLIENT_ID');
out('-- work');
cl()->doBackground('tap1', 'WL', 'tapu');
$w->setTimeout(400);
work_until($w, 'WORK_COMPLETE');
tap_dump(TAP, 'WORK_COMPLETE');
out('-- work, no job');
work_until($w, 'PRE_SLEEP');
tap_dump(TAP, 'PRE_SLEEP');
out('-- unregister, work');
$w->unregister('tap2');
work_until($w, 'PRE_SLEEP');
tap_dump(TAP, 'PRE_SLEEP');
out('-- addFunction, work');
$w->addFunction('tap3', fn($j) => 'R');
work_until($w, 'PRE_SLEEP');
tap_dump(TAP, 'PRE_SLEEP');
out('-- unregisterAll, work');
$w->unregisterAll();
muted(fn() => $w->work());
tap_dump(TAP, 'RESET_ABILITIES');
out('-- ping');
$w->ping('p');
tap_dump(TAP, 'ECHO_RES');
$w = null;
head('what a function sends');
$fns = ['sends' => function ($j) { $j->sendData('D'); $j->sendWarning('W'); $j->sendStatus(1, 2); $j->sendData(''); $j->sendComplete('C'); return 'R'; },
    'fails' => function ($j) { $j->sendFail(); }, 'raises' => function ($j) { $j->sendException('E'); }, 'nothing' => function ($j) { },
    'setReturn' => function ($j) { $j->setReturn(GEARMAN_WORK_FAIL); }, 'binary' => fn($j) => "a\0b"];
foreach ($fns as $n => $f) {
    out("-- $n");
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', TAP);
    $w->addFunction($n, $f);
    cl()->doBackground($n, 'WL', 'tapu');
    $w->setTimeout(3000);
    muted(fn() => $w->work());
    tap_dump(TAP, ['sends' => 'WORK_COMPLETE', 'fails' => 'WORK_FAIL', 'raises' => 'WORK_EXCEPTION', 'setReturn' => 'WORK_FAIL'][$n] ?? 'WORK_COMPLETE');
    unset($w);
}
head('which command asks for jobs');
foreach (['default' => null, 'setOptions(GRAB_UNIQ)' => ['setOptions', GEARMAN_WORKER_GRAB_UNIQ], 'setOptions(512)' => ['setOptions', 512],
    'removeOptions(GRAB_UNIQ)' => ['removeOptions', GEARMAN_WORKER_GRAB_UNIQ], 'addOptions(NON_BLOCKING)' => ['addOptions', GEARMAN_WORKER_NON_BLOCKING]]
    as $n => $step) {
    out("-- $n");
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', TAP);
    if ($step) $w->{$step[0]}($step[1]);
    $w->addFunction('asks', fn($j) => null);
    $w->setTimeout(300);
    if ($w->options() & GEARMAN_WORKER_NON_BLOCKING) $w->work(); else work_until($w, 'PRE_SLEEP');
    tap_dump(TAP, 'PRE_SLEEP', 1, '>');
    $w = null;
}
