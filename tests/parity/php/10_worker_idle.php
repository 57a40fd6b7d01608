<?php require __DIR__ . '/lib.php';
/* work() and wait() of a worker without jobs, and of one whose server goes away */
define('P', port('P'));
define('DYING', port('DYING'));
start_gearmand(P);
function cl(int $p = P): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', $p); return $c; }
function wk(int $p = P): GearmanWorker { $w = new GearmanWorker(); $w->addServer('127.0.0.1', $p); return $w; }
head('blocking');
isolated('no function', function () { $w = wk(); call('work', fn() => $w->work(), $w); });
isolated('with a timeout', function () {
    $w = wk();
    $w->addFunction('a', fn($j) => null);
    $w->setTimeout(200);
    $t = microtime(true);
    call('work', fn() => $w->work(), $w);
    $t = microtime(true) - $t;
    out('after 200 ms: ' . v($t >= 0.18 && $t < 1.5));
    call('work again', fn() => $w->work(), $w);
});
isolated('with 0', function () {
    $w = wk();
    $w->addFunction('a', fn($j) => null);
    $w->setTimeout(0);
    call('work', fn() => $w->work(), $w);
});
isolated('without TIMEOUT_RETURN', function () {
    $w = wk();
    $w->addFunction('a', fn($j) => null);
    $w->setTimeout(100);
    $w->removeOptions(GEARMAN_WORKER_TIMEOUT_RETURN);
    call('work', fn() => $w->work(), $w);
}, 700);
isolated('without a timeout', function () {
    $w = wk();
    $w->addFunction('a', fn($j) => null);
    call('work', fn() => $w->work(), $w);
}, 700);
head('NON_BLOCKING');
function outcomes(GearmanWorker $w, int $n = 30): string {
    $seen = [];
    for ($i = 0; $i < $n; $i++) { $r = $w->work(); $seen[v($r) . ' ' . rc_name($w->returnCode())] = 1; usleep(3000); }
    ksort($seen);
    return implode('; ', array_keys($seen));
}
isolated('idle, addOptions', function () {
    $w = wk();
    $w->addOptions(GEARMAN_WORKER_NON_BLOCKING);
    $w->addFunction('nb', fn($j) => null);
    out(outcomes($w));
});
isolated('a job waits, setOptions', function () {
    cl()->doBackground('nb2', 'x', 'u');
    $w = wk();
    $w->setOptions(GEARMAN_WORKER_NON_BLOCKING);
    $w->addFunction('nb2', function ($j) { out('ran ' . $j->workload() . ' ' . v($j->unique())); });
    out(outcomes($w));
    out('options ' . $w->options());
});
isolated('the loop of the manual', function () {
    foreach (['x', 'y'] as $x) cl()->doBackground('nb3', $x);
    $w = wk();
    $w->addOptions(GEARMAN_WORKER_NON_BLOCKING);
    $w->setTimeout(200);
    $w->addFunction('nb3', function ($j) { out('ran ' . $j->workload()); });
    $seen = [];
    while (count($seen) < 100) {
        $r = muted(fn() => $w->work());
        $seen[] = v($r) . $w->returnCode();
        if ($w->returnCode() === GEARMAN_SUCCESS) continue;
        if (!in_array($w->returnCode(), [GEARMAN_IO_WAIT, GEARMAN_NO_JOBS])) break;
        $r = muted(fn() => $w->wait());
        $seen[] = 'wait ' . v($r) . $w->returnCode();
        if (!$r) break;
    }
    out('as expected: ' . v(!array_diff($seen, ['false1', 'false35', 'true0', 'wait true0', 'wait false47'])) . ', last ' . v(end($seen)));
});
isolated('wait until a job comes', function () {
    $w = wk();
    $w->addOptions(GEARMAN_WORKER_NON_BLOCKING);
    $w->addFunction('wt', function ($j) { out('ran'); });
    do { $w->work(); usleep(3000); } while ($w->returnCode() !== GEARMAN_NO_JOBS);
    out(st($w));
    $w->setTimeout(2000);
    cl()->doBackground('wt', 'x');
    call('wait', fn() => $w->wait(), $w);
    for ($i = 0; $i < 200 && !$w->work(); $i++) usleep(3000);
    out(st($w));
});
isolated('wait for nothing', function () {
    $w = wk();
    $w->addOptions(GEARMAN_WORKER_NON_BLOCKING);
    $w->addFunction('wt0', fn($j) => null);
    do { $w->work(); usleep(3000); } while ($w->returnCode() !== GEARMAN_NO_JOBS);
    $w->setTimeout(100);
    call('wait', fn() => $w->wait(), $w);
});
head('the server goes away');
isolated('and comes back', function () {
    $pid = start_gearmand(DYING);
    $w = wk(DYING);
    $w->addFunction('sg', function ($j) { out('ran'); });
    $w->setTimeout(800);
    $k = spawn(function () use ($pid) { until_ready(DYING, 'sg'); posix_kill($pid, SIGKILL); });
    call('work', fn() => $w->work(), $w);
    join_kid($k);
    stop_proc($pid);
    call('work', fn() => $w->work(), $w);
    start_gearmand(DYING);
    cl(DYING)->doBackground('sg', 'x');
    call('work after its return', fn() => $w->work(), $w);
});
isolated('during a job', function () {
    $pid = start_gearmand(DYING);
    cl(DYING)->doBackground('dj', 'x');
    $w = wk(DYING);
    $w->setTimeout(500);
    $w->addFunction('dj', function ($j) use ($pid) {
        stop_proc($pid, SIGKILL);
        $seen = [];
        for ($i = 0; $i < 50; $i++) { $seen[v(muted(fn() => $j->sendData('d')))] = 1; usleep(2000); }
        out('sendData in the end ' . v(array_key_last($seen)));
        return 'R';
    });
    $r = muted(fn() => $w->work());
    out('work -> ' . v($r));
});
