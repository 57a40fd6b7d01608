<?php require __DIR__ . '/lib.php';
/* A worker's functions: adding, replacing, registering and removing them; its id */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); return $c; }
function wk(): GearmanWorker { $w = new GearmanWorker(); $w->addServer('127.0.0.1', P); return $w; }
$f = fn($j) => null;
head('addFunction');
isolated('what is refused', function () use ($f) {
    $w = wk();
    foreach (['text' => 'no_such_function', 'null' => null, 'int' => 5] as $n => $x) call($n, fn() => $w->addFunction('f', $x), $w);
    foreach ([0, 512, 513] as $n) call("a name of $n bytes", fn() => $w->addFunction(str_repeat('n', $n), $f), $w);
});
isolated('again: the last one counts', function () {
    $w = wk();
    $w->addFunction('re', fn($j) => 'old');
    call('again', fn() => $w->addFunction('re', fn($j) => 'new'), $w);
    $k = spawn(function () { show('doNormal', cl()->doNormal('re', 'x')); }, 'c');
    $w->setTimeout(3000);
    $w->work();
    join_kid($k);
});
isolated('again with another timeout', function () {
    $w = wk();
    $w->addFunction('rt', fn($j) => 'old', null, 5);
    call('again', fn() => $w->addFunction('rt', fn($j) => 'new', null, 7), $w);
    $k = spawn(function () { show('doNormal', cl()->doNormal('rt', 'x')); }, 'c');
    $w->setTimeout(3000);
    $w->work();
    join_kid($k);
});
isolated('again after a job', function () {
    $w = wk();
    $w->setTimeout(3000);
    foreach (['one', 'two'] as $r) {
        $w->addFunction('ra', fn($j) => $r);
        $k = spawn(function () { show('doNormal', cl()->doNormal('ra', 'x')); }, 'c');
        $w->work();
        join_kid($k);
    }
});
isolated('two: the first added is served first', function () {
    foreach (['t2', 't1'] as $n) cl()->doBackground($n, 'x');
    $w = wk();
    foreach (['t1', 't2'] as $n) $w->addFunction($n, function ($j) { out('ran ' . $j->functionName()); });
    $w->setTimeout(3000);
    $w->work();
    $w->work();
});
isolated('before addServer', function () {
    $w = new GearmanWorker();
    call('addFunction', fn() => $w->addFunction('before', fn($j) => 'B'), $w);
    $w->addServer('127.0.0.1', P);
    $k = spawn(function () { show('doNormal', cl()->doNormal('before', 'x')); }, 'c');
    $w->setTimeout(3000);
    call('work', fn() => $w->work(), $w);
    join_kid($k);
});
head('register');
isolated('the server hears of it at work()', function () {
    $w = wk();
    call('register', fn() => $w->register('reg1'), $w);
    show('status', admin(P, 'status'));
    $w->setTimeout(100);
    call('work', fn() => $w->work(), $w);
    show('status', counts(P, 'reg1'));
});
isolated('a job for a function without a callback', function () {
    cl()->doBackground('reg2', 'x');
    $w = wk();
    $w->register('reg2');
    $w->setTimeout(300);
    call('work', fn() => $w->work(), $w);
    call('work again', fn() => $w->work(), $w);
});
isolated('empty name', function () {
    $w = wk();
    call('register', fn() => $w->register(''), $w);
    call('unregister', fn() => $w->unregister(''), $w);
});
head('unregister');
isolated('known, unknown, twice', function () use ($f) {
    $w = wk();
    foreach (['un1', 'un2'] as $n) $w->addFunction($n, $f);
    foreach (['un1', 'un1', 'nope'] as $n) call("unregister $n", fn() => $w->unregister($n), $w);
    $w->setTimeout(100);
    call('work', fn() => $w->work(), $w);
    call('unregister un1', fn() => $w->unregister('un1'), $w);
    foreach (['un1', 'un2'] as $n) show($n, counts(P, $n));
    call('addFunction un1', fn() => $w->addFunction('un1', $f), $w);
    call('work', fn() => $w->work(), $w);
    show('un1', counts(P, 'un1'));
});
isolated('all', function () use ($f) {
    $w = wk();
    foreach (['ua1', 'ua2'] as $n) $w->addFunction($n, $f);
    call('with two', fn() => $w->unregisterAll(), $w);
    call('again', fn() => $w->unregisterAll(), $w);
    $w->setTimeout(100);
    call('work', fn() => $w->work(), $w);
    call('addFunction', fn() => $w->addFunction('ua3', $f), $w);
    call('work', fn() => $w->work(), $w);
    foreach (['ua1', 'ua3'] as $n) show($n, counts(P, $n));
});
head('setId');
isolated('values', function () {
    $w = wk();
    foreach (['abc', 'with space', '', "tab\t", "\u{e9}", str_repeat('i', 64), str_repeat('i', 65), str_repeat('i', 253), str_repeat('i', 254),
        str_repeat('i', 255)] as $id) call(strlen($id) . ' ' . v(substr($id, 0, 12)), fn() => $w->setId($id), $w);
});
foreach ([false, true] as $early) isolated('in the list of workers, ' . ($early ? 'before' : 'after') . ' addServer', function () use ($early) {
    $w = new GearmanWorker();
    if (!$early) $w->addServer('127.0.0.1', P);
    $w->setId($early ? 'early-id' : 'late-id');
    if ($early) $w->addServer('127.0.0.1', P);
    $w->ping('x');
    show('listed', until(fn() => str_contains(admin(P, 'workers'), $early ? ' early-id :' : ' late-id :')));
});
