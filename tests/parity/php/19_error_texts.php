<?php require __DIR__ . '/lib.php';
/* The text of error() after a success; without its prefix, so that normalize.py keeps it */
define('P', port('P'));
define('DOWN', port('DOWN'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); $c->setTimeout(3000); return $c; }
function wk(): GearmanWorker { $w = new GearmanWorker(); $w->addServer('127.0.0.1', P); $w->setTimeout(700); return $w; }
function text($o, string $label, callable $f): void {
    $r = muted($f);
    $text = $o->error();
    out("$label " . (is_bool($r) ? v($r) . ' ' : '') . 'rc ' . $o->returnCode() . ' error ' . v(is_string($text) ? preg_replace('/^GEARMAN_| .*| -> .*/', '', $text) : $text));
}
$fns = ['echo' => fn($j) => $j->workload(), 'exc' => function ($j) { $j->sendException('e'); }, 'fail' => function ($j) { $j->sendFail(); }];
head('after a success');
isolated('of a client', function () use ($fns) {
    $kid = worker(P, $fns, 100);
    $c = cl();
    text($c, 'nothing', fn() => null);
    foreach (['doNormal', 'doHigh', 'doLow', 'doBackground', 'doHighBackground', 'doLowBackground'] as $m) text($c, $m, fn() => $c->$m('echo', 'W'));
    text($c, 'jobStatus', fn() => $c->jobStatus('H:1'));
    text($c, 'ping', fn() => $c->ping('x'));
    text($c, 'doNormal', fn() => $c->doNormal('echo', 'W'));
    text($c, 'doNormal without a result', fn() => $c->doNormal('echo', ' '));
    text($c, 'doNormal that fails', fn() => $c->doNormal('fail', 'W'));
    text($c, 'doNormal that raises', fn() => $c->doNormal('exc', 'W'));
    text($c, 'doBackground', fn() => $c->doBackground('echo', 'W'));
    kill_kid($kid);
});
isolated('of a client with a dead server', function () use ($fns) {
    $kid = worker(P, $fns, 100);
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', P, false);
    $c->addServer('127.0.0.1', DOWN, false);
    $c->setTimeout(3000);
    foreach (['doNormal', 'doBackground'] as $m) text($c, $m, fn() => $c->$m('echo', 'W'));
    text($c, 'jobStatus', fn() => $c->jobStatus('H:1'));
    kill_kid($kid);
});
isolated('of runTasks() without a task', function () use ($fns) {
    $kid = worker(P, $fns, 100);
    $c = cl();
    text($c, 'runTasks', fn() => $c->runTasks());
    text($c, 'doNormal that raises', fn() => $c->doNormal('exc', 'W'));
    text($c, 'runTasks', fn() => $c->runTasks());
    text($c, 'doNormal', fn() => $c->doNormal('echo', 'W'));
    text($c, 'runTasks', fn() => $c->runTasks());
    kill_kid($kid);
});
isolated('of a worker', function () {
    $w = wk();
    text($w, 'nothing', fn() => null);
    text($w, 'addFunction', fn() => $w->addFunction('of', fn($j) => 'R'));
    text($w, 'setId', fn() => $w->setId('id'));
    text($w, 'ping', fn() => $w->ping('x'));
    cl()->doBackground('of', 'W');
    text($w, 'work', fn() => $w->work());
    text($w, 'addFunction', fn() => $w->addFunction('other', fn($j) => 'R'));
    cl()->doBackground('of', 'W');
    text($w, 'work', fn() => $w->work());
    text($w, 'unregister', fn() => $w->unregister('other'));
    text($w, 'unregisterAll', fn() => $w->unregisterAll());
});
head('nothing to remove');
isolated('on a connected worker', function () {
    $w = wk();
    call('unregister', fn() => $w->unregister('none'));
    call('unregisterAll', fn() => $w->unregisterAll());
});
