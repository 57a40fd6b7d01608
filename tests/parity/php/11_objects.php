<?php require __DIR__ . '/lib.php';
/* Objects that a program creates, subclasses, and the ends of objects */
define('P', port('P'));
start_gearmand(P);
head('new GearmanTask');
isolated_soft('accessors', function () {
    $t = new GearmanTask();
    foreach (['returnCode', 'functionName', 'unique', 'jobHandle', 'isKnown', 'isRunning', 'taskNumerator', 'taskDenominator', 'data', 'dataSize'] as $m)
        call("$m()", fn() => $t->$m());
    call('sendWorkload', fn() => $t->sendWorkload('x'));
    call('recvData', fn() => $t->recvData(5));
});
head('new GearmanJob');
isolated_soft('accessors', function () {
    $j = new GearmanJob();
    foreach (['returnCode', 'handle', 'functionName', 'unique', 'workload', 'workloadSize'] as $m) call("$m()", fn() => $j->$m());
});
foreach ([['setReturn', 24], ['sendData', 'x'], ['sendWarning', 'x'], ['sendStatus', 1, 2], ['sendComplete', 'x'], ['sendException', 'x'], ['sendFail']]
    as $a) isolated_soft($a[0], function () use ($a) {
    $j = new GearmanJob();
    $m = array_shift($a);
    call("$m", fn() => $j->$m(...$a));
    out('rc ' . rc_name($j->returnCode()));
});
head('subclasses');
class SubClient extends GearmanClient { public $extra = 1; }
isolated_soft('with a property', function () {
    $c = new SubClient();
    $c->addServer('127.0.0.1', P);
    show('doBackground', $c->doBackground('f', 'x') !== '');
    $c->extra = 5;
    show('extra', $c->extra);
});
head('constructing twice');
isolated_soft('client', function () {
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', P);
    $c->__construct();
    call('doNormal', fn() => $c->doNormal('f', 'x'), $c);
});
head('GearmanException');
isolated_soft('shape', function () {
    $e = new GearmanException('m', 5);
    show('exception', $e);
    show('getMessage', $e->getMessage());
    show('getCode', $e->getCode());
    show('code', $e->code);
    show('getPrevious', $e->getPrevious());
    show('default', new GearmanException());
});
head('ends');
isolated_soft('many clients', function () { for ($i = 0; $i < 300; $i++) $c = new GearmanClient(); out('ok'); });
isolated_soft('tasks that are never run', function () {
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', P);
    for ($i = 0; $i < 100; $i++) $c->addTask('f', "$i");
    unset($c);
    out('ok');
});
final class Owner { function __destruct() { out('owner destroyed'); } function f($j) {} }
isolated_soft('a worker frees its functions', function () {
    $w = new GearmanWorker();
    $o = new Owner;
    $w->addFunction('x', [$o, 'f'], ['ctx']);
    unset($o);
    out('unset owner');
    unset($w);
    out('unset worker');
});
isolated_soft('a worker frees its contexts', function () {
    $w = new GearmanWorker();
    $w->addFunction('x', fn($j) => 1, new Owner);
    out('before');
    $w = null;
    out('after');
});
isolated_soft('a client frees its callbacks', function () {
    $c = new GearmanClient();
    $c->setCompleteCallback([new Owner, 'f']);
    out('before');
    $c = null;
    out('after');
});
isolated_soft('a client frees the contexts of its tasks', function () {
    $c = new GearmanClient();
    $c->addServer('127.0.0.1', P);
    $c->addTaskBackground('f', 'x', new Owner);
    out('before');
    call('runTasks', fn() => $c->runTasks());
    out('after');
    $c = null;
    out('gone');
});
