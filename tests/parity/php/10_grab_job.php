<?php require __DIR__ . '/lib.php';
/* Jobs taken with grabJob(), and timeouts of functions */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); $c->setTimeout(5000); return $c; }
function wk(): GearmanWorker { $w = new GearmanWorker(); $w->addServer('127.0.0.1', P); $w->setTimeout(200); return $w; }
head('grabJob');
isolated('nothing', function () {
    $w = wk();
    $w->addFunction('gj', fn($j) => null);
    for ($i = 0; $i < 3; $i++) call("grabJob #$i", fn() => $w->grabJob(), $w);
});
isolated('no functions', function () { $w = wk(); call('grabJob', fn() => $w->grabJob(), $w); });
isolated('a job', function () {
    $k = spawn(function () { $c = cl(); call('doNormal', fn() => $c->doNormal('gj2', 'WL', 'gju'), $c); }, 'c');
    until_queued(P, 'gj2');
    $w = wk();
    $w->register('gj2');
    $j = call('grabJob', fn() => $w->grabJob(), $w);
    out(v([$j->workload(), $j->functionName(), $j->unique(), $j->workloadSize(), $j->handle() !== '']));
    call('sendData', fn() => $j->sendData('D'));
    call('sendStatus', fn() => $j->sendStatus(1, 2));
    call('sendComplete', fn() => $j->sendComplete('R'));
    call('sendComplete again', fn() => $j->sendComplete('R'));
    out('job rc ' . rc_name($j->returnCode()));
    unset($j);   // in PHP it must not outlive its worker
    join_kid($k);
});
isolated('a job of a function that has a callback', function () {
    cl()->doBackground('gj5', 'WL');
    $w = wk();
    $w->addFunction('gj5', function ($j) { out('never'); });
    $j = call('grabJob', fn() => $w->grabJob(), $w);
    out($j->workload());
    call('sendFail', fn() => $j->sendFail());
    unset($j);
});
isolated('a job that is dropped', function () {
    $c = cl();
    $h = $c->doBackground('gj3', 'WL');
    $w = wk();
    $w->register('gj3');
    $j = $w->grabJob();
    show('grabbed', $c->jobStatus($h));
    unset($j);
    show('dropped', $c->jobStatus($h));
    unset($w);
    until(fn() => !$c->jobStatus($h)[1]);
    show('worker gone', $c->jobStatus($h));
});
isolated('work() after NO_JOBS', function () {
    $w = wk();
    $w->addFunction('gjz', function ($j) { out('ran'); });
    call('grabJob', fn() => $w->grabJob(), $w);
    cl()->doBackground('gjz', 'x');
    $w->setTimeout(3000);
    call('work', fn() => $w->work(), $w);
});
isolated('NON_BLOCKING', function () {
    cl()->doBackground('gj4', 'x');
    $w = wk();
    $w->addOptions(GEARMAN_WORKER_NON_BLOCKING);
    $w->register('gj4');
    for ($i = 0; $i < 100; $i++) {
        $j = $w->grabJob();
        if ($j && $j->handle() !== false) break;
        usleep(3000);
    }
    out(v($j->workload()) . ' ' . rc_name($w->returnCode()));
    show('sendComplete', $j->sendComplete('x'));
    unset($j);
});
recorded('a job, then nothing, then again', 'crashes');
recorded('NON_BLOCKING, until NO_JOBS, then again', 'crashes');
head('a function timeout');
isolated('the job is given to another worker', function () {
    $k1 = spawn(function () {
        $w = wk();
        $w->addFunction('slow', function ($j) {
            out('first starts');
            for ($i = 0; $i < 40 && !file_exists(H::$tmp . '/second'); $i++) {
                $j->sendStatus(1, 2);
                usleep(100000);
            }
            return 'first';
        }, null, 1);
        $w->setTimeout(3000);
        work($w);
        $w->setTimeout(300);
        work($w);
    }, 'w1');
    until_ready(P, 'slow');
    $k2 = spawn(function () {
        until_running(P, 'slow');
        $w = wk();
        $w->addFunction('slow', function ($j) { out('second starts'); touch(H::$tmp . '/second'); return 'second'; });
        $w->setTimeout(300);   // gearmand does not always wake a worker that sleeps: ask again
        for ($i = 0; $i < 12 && !$w->work(); $i++);
        out(st($w));
    }, 'w2');
    $c = cl();
    call('doNormal', fn() => $c->doNormal('slow', 'x'), $c);
    join_kid($k1);
    join_kid($k2);
});
isolated('of 1500 is one of milliseconds', function () {
    $k = spawn(function () {
        $w = wk();
        $w->addFunction('slow2', function ($j) { usleep(1200000); return 'fine'; }, null, 1500);
        $w->setTimeout(3000);
        work($w);
    }, 'w');
    until_ready(P, 'slow2');
    $c = cl();
    call('doNormal', fn() => $c->doNormal('slow2', 'x'), $c);
    join_kid($k);
});
head('a job after its function has returned');
isolated('used later', function () {
    cl()->doBackground('stash', 'x');
    $w = wk();
    $kept = null;
    $w->addFunction('stash', function ($j) use (&$kept) { $kept = $j; return 'R'; });
    $w->setTimeout(3000);
    $w->work();
    show('returnCode', $kept->returnCode());
});
