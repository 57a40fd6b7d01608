<?php require __DIR__ . '/lib.php';
/* Calls on a worker in its own function, and on a client in its own callback */
define('P', port('P'));
define('Q', port('Q'));
start_gearmand(P);
start_gearmand(Q);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); $c->setTimeout(4000); return $c; }
function ask(string $f): int { return spawn(function () use ($f) { show("doNormal $f", cl()->doNormal($f, 'x')); }, 'c'); }
function job(GearmanWorker $w, string $f, string $label = 'work'): void {
    $k = ask($f);
    call($label, fn() => $w->work(), $w);
    join_kid($k);
}
/* a worker that runs one job, whose function does this */
function during(string $f, callable $does): GearmanWorker {
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', P);
    $w->setTimeout(3000);
    $w->addFunction($f, function ($j) use ($w, $does) { $does($w); return 'R'; });
    job($w, $f);
    return $w;
}
/* libgearman tells the servers at the work() that follows one without a job */
function told(GearmanWorker $w): void {
    $w->setTimeout(200);
    foreach ([1, 2] as $n) $w->work();
    $w->setTimeout(3000);
}
head('functions');
isolated('register', function () {
    $w = during('fr', function ($w) { call('register', fn() => $w->register('other'), $w); });
    told($w);
    out('the server has it: ' . v(until(fn() => counts(P, 'other')[2] === 1)));
});
isolated('addFunction', function () {
    $w = during('fa', function ($w) { call('addFunction', fn() => $w->addFunction('more', fn($j) => 'M'), $w); });
    told($w);
    job($w, 'more');
    job($w, 'fa');
});
isolated('addFunction of its own name', function () {
    $w = during('itself', function ($w) { call('addFunction', fn() => $w->addFunction('itself', fn($j) => 'new'), $w); });
    job($w, 'itself');
});
isolated('unregister', function () {
    $w = during('fu', function ($w) {
        call('unregister', fn() => $w->unregister('fu'), $w);
        call('again', fn() => $w->unregister('fu'));
    });
    $w->addFunction('keeps', fn($j) => 'K');
    told($w);
    job($w, 'keeps');
    out('the server has it: ' . v(counts(P, 'fu')[2] > 0));
});
isolated('unregister of another', function () {
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', P);
    $w->setTimeout(3000);
    $w->addFunction('gone', fn($j) => 'G');
    $w->addFunction('stays', function ($j) use ($w) { call('unregister', fn() => $w->unregister('gone'), $w); return 'S'; });
    job($w, 'stays');
    told($w);
    out('the server has them: ' . v(until(fn() => counts(P, 'gone')[2] === 0)) . v(until(fn() => counts(P, 'stays')[2] === 1)));
});
isolated('unregister of none', function () {
    during('fn', function ($w) { call('unregister', fn() => $w->unregister('unknown')); });
});
isolated('unregisterAll', function () {
    $w = during('ua', function ($w) { call('unregisterAll', fn() => $w->unregisterAll(), $w); });
    call('unregisterAll', fn() => $w->unregisterAll());
});
head('the rest');
isolated('setId', function () {
    during('si', function ($w) {
        call('setId', fn() => $w->setId('named-in-a-job'), $w);
        out('the server has it: ' . v(until(fn() => str_contains(admin(P, 'workers'), 'named-in-a-job'))));
    });
});
isolated('addServer', function () {
    during('as', function ($w) {
        call('addServer', fn() => $w->addServer('127.0.0.1', Q), $w);
        call('addServers', fn() => $w->addServers('127.0.0.1:' . Q), $w);
    });
});
isolated('ping', function () {
    during('pi', function ($w) { call('ping', fn() => $w->ping('data'), $w); });
});
isolated('wait', function () {
    during('wa', function ($w) { call('wait', fn() => $w->wait()); out('rc ' . $w->returnCode()); });
});
isolated('grabJob', function () {
    cl()->doBackground('gr', 'second');
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', P);
    $w->setTimeout(3000);
    $w->addFunction('gr', function ($j) use ($w) {
        $other = $w->grabJob();
        out('grabbed ' . v($other->workload()) . ' in ' . v($j->workload()));
        call('sendComplete', fn() => $other->sendComplete('O'));
        out('then ' . v($j->workload()));
        return 'R';
    });
    cl()->doHighBackground('gr', 'first');
    call('work', fn() => $w->work(), $w);
    out('done ' . v(until(fn() => counts(P, 'gr')[0] === 0)));
});
isolated('options', function () {
    $w = during('op', function ($w) {
        call('options', fn() => $w->options() & GEARMAN_WORKER_NON_BLOCKING);
        call('addOptions', fn() => $w->addOptions(GEARMAN_WORKER_NON_BLOCKING));
        call('options', fn() => $w->options() & GEARMAN_WORKER_NON_BLOCKING);
    });
    call('options', fn() => $w->options() & GEARMAN_WORKER_NON_BLOCKING);
    call('removeOptions', fn() => $w->removeOptions(GEARMAN_WORKER_NON_BLOCKING));
    call('options', fn() => $w->options() & GEARMAN_WORKER_NON_BLOCKING);
});
isolated('setTimeout', function () {
    $w = during('ti', function ($w) { call('setTimeout', fn() => $w->setTimeout(1234)); });
    call('timeout', fn() => $w->timeout());
});
head('a callback of a client');
isolated('addServer', function () {
    $kid = worker(P, ['cb' => fn($j) => 'C'], 1);
    $c = cl();
    $c->setCompleteCallback(function ($t) use ($c) {
        call('addServer', fn() => $c->addServer('127.0.0.1', Q, false));
        out('data ' . v($t->data()));
    });
    $c->addTask('cb', 'x');
    call('runTasks', fn() => $c->runTasks(), $c);
    join_kid($kid);
});
