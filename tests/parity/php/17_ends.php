<?php require __DIR__ . '/lib.php';
/* Unbuffered results, child processes that inherit a client, and interrupted functions */
define('P', port('P'));
start_gearmand(P);
function cl(): GearmanClient { $c = new GearmanClient(); $c->addServer('127.0.0.1', P); $c->setTimeout(4000); return $c; }
$kid = worker(P, ['rev' => fn($j) => strrev($j->workload()), 'data' => function ($j) { $j->sendData('d1'); $j->sendData('d2'); return 'R'; }], 50);
head('UNBUFFERED_RESULT');
isolated('one packet', function () {
    $c = cl();
    $c->addOptions(GEARMAN_CLIENT_UNBUFFERED_RESULT);
    $c->setCompleteCallback(function ($t) {
        out('data ' . v($t->data()) . ' size ' . v($t->dataSize()));
        for ($i = 0; $i < 4; $i++) out('recvData ' . v($t->recvData(4)));
    });
    $c->addTask('rev', 'abcdefghij');
    call('runTasks', fn() => $c->runTasks(), $c);
});
recorded('several packets', 'fails with rc 49');
recorded('doNormal', 'crashes');
recorded('an exception', 'crashes');
head('buffered');
isolated('recvData and sendWorkload', function () {
    $c = cl();
    $c->setCompleteCallback(function ($t) { out('recvData ' . v($t->recvData(4)) . ' data ' . v($t->data())); });
    $t = $c->addTask('rev', 'abc');
    call('runTasks', fn() => $c->runTasks(), $c);
    call('recvData', fn() => $t->recvData(4));
    call('sendWorkload', fn() => $t->sendWorkload('x'));
});
recorded('recvData and sendWorkload before runTasks', 'crashes');
head('a child that inherits a client');
recorded('and ends', 'shuts the connection of its parent down');
head('an interrupted function');
recorded('KeyboardInterrupt', 'there is none in PHP');
kill_kid($kid);
