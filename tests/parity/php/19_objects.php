<?php require __DIR__ . '/lib.php';
/* Attributes, contexts, constructors and exceptions */
define('P', port('P'));
define('DOWN', port('DOWN'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); $c->setTimeout(3000); return $c; }
class Task extends GearmanTask { public $mine = 'default'; public function twice(): array { return [$this->mine, $this->mine]; } }
class Job extends GearmanJob { public $mine = 'default'; }
head('attributes');
foreach (['GearmanClient', 'GearmanWorker', 'GearmanTask', 'GearmanJob', 'Task', 'Job'] as $cls) {
    $o = new $cls();
    muted(function () use ($o) { $o->mine = 5; $o->list = [1, 2]; });
    show($cls, [$o->mine, $o->list]);
}
isolated('of a task that runs', function () {
    $kid = worker(P, ['f' => function ($j) { muted(function () use ($j) { $j->seen = $j->workload(); }); return $j->seen; }]);
    $c = cl();
    $t = $c->addTask('f', 'W');
    muted(function () use ($t) { $t->number = 7; });
    $c->setCompleteCallback(function ($t) { out('complete ' . v([$t->number, $t->data()])); });
    $c->runTasks();
    join_kid($kid);
});
head('arrays as contexts');
isolated('of functions', function () {
    $w = new GearmanWorker();
    $w->addServer('127.0.0.1', P);
    $w->addFunction('cx', function ($j, $cx) { $cx['n']++; out('n ' . $cx['n']); }, ['n' => 0]);
    for ($i = 0; $i < 3; $i++) { cl()->doBackground('cx', 'W'); $w->work(); }
});
isolated('of tasks', function () {
    $kid = worker(P, ['f' => fn($j) => 'R']);
    $results = [];
    $c = cl();
    $c->setCompleteCallback(function ($t, $results) { $results[] = $t->data(); out('in the callback ' . v($results)); });
    $c->addTask('f', 'W', $results);
    muted(fn() => $c->runTasks());
    show('results', $results);
    join_kid($kid);
});
head('a class that does not call the constructor');
class BareClient extends GearmanClient { public function __construct() {} }
class BareWorker extends GearmanWorker { public function __construct() {} }
$c = new BareClient();
$w = new BareWorker();
foreach (['returnCode', 'error', 'options', 'timeout', 'context', 'clearCallbacks'] as $m) muted(fn() => call("client $m", fn() => $c->$m()));
muted(fn() => call('client setContext', fn() => $c->setContext('x')));
muted(fn() => call('client doBackground', fn() => $c->doBackground('f', 'W')));
muted(fn() => call('client addTask', fn() => $c->addTask('f', 'W')));
foreach (['returnCode', 'error', 'options', 'timeout', 'work', 'unregisterAll'] as $m) muted(fn() => call("worker $m", fn() => $w->$m()));
head('GearmanException');
try { cl()->addServer('127.0.0.1', DOWN); } catch (GearmanException $e) {
    show('getMessage', $e->getMessage());
    show('getCode', $e->getCode());
    show('getPrevious', $e->getPrevious());
    show('getFile', pathinfo($e->getFile(), PATHINFO_FILENAME));
    show('getLine', is_int($e->getLine()) && $e->getLine() > 0);
    show('getTrace', array_map(fn($f) => $f['function'], $e->getTrace()));
    show('getTraceAsString', (bool)preg_match('/^#0 .*19_objects\.\w+\(\d+\): GearmanClient->addServer\(.*\)\n#1 \{main\}$/', $e->getTraceAsString()));
}
function inner() { throw new GearmanException('mine', 5, new GearmanException('first')); }
function outer() { inner(); }
try { outer(); } catch (GearmanException $e) {
    show('getMessage', $e->getMessage());
    show('getCode', $e->getCode());
    show('getPrevious', $e->getPrevious());
    show('getFile', pathinfo($e->getFile(), PATHINFO_FILENAME));
    show('getTrace', array_map(fn($f) => $f['function'], $e->getTrace()));
    show('getTraceAsString', (bool)preg_match('/^#0 .*19_objects\.\w+\(\d+\): inner\(\)\n#1 .*19_objects\.\w+\(\d+\): outer\(\)\n#2 \{main\}$/', $e->getTraceAsString()));
    show('lines', count($e->getTrace()) === 2 && $e->getTrace()[1]['line'] > $e->getTrace()[0]['line'] && $e->getTrace()[0]['line'] > $e->getLine());
    show('as text', strtok((string)$e, "\n") !== false);
}
head('arguments that a constructor or a function without parameters is given');
call('new GearmanTask(1)', fn() => new GearmanTask(1));
call('new GearmanJob(1)', fn() => new GearmanJob(1));
call('gearman_version(1)', fn() => gearman_version(1) !== '');
