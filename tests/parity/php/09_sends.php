<?php require __DIR__ . '/lib.php'; require __DIR__ . '/one_job.php';
/* The send*() methods in a worker's function */
function sent($j, string $m, ...$a): void { out("$m " . v($j->$m(...$a)) . ' rc ' . rc_name($j->returnCode())); }
head('before the function returns');
$steps = [
    'sendComplete' => [['sendComplete', 'C']],
    'sendComplete twice' => [['sendComplete', 'C1'], ['sendComplete', 'C2']],
    'sendComplete, empty' => [['sendComplete', '']],
    'sendFail' => [['sendFail']],
    'sendFail twice' => [['sendFail'], ['sendFail']],
    'sendFail, sendComplete' => [['sendFail'], ['sendComplete', 'C']],
    'sendComplete, sendFail' => [['sendComplete', 'C'], ['sendFail']],
    'sendException' => [['sendException', 'E']],
    'sendException, sendComplete' => [['sendException', 'E'], ['sendComplete', 'C']],
    'sendException, sendFail' => [['sendException', 'E'], ['sendFail']],
    'the rest after sendComplete' => [['sendComplete', 'C'], ['sendData', 'late'], ['sendStatus', 1, 2], ['sendWarning', 'w'], ['sendException', 'E']],
    'empty data and warning' => [['sendData', ''], ['sendWarning', '']],
    'odd statuses' => [['sendStatus', 0, 0], ['sendStatus', 5, 2], ['sendStatus', -1, 10], ['sendStatus', 4294967295, 1]],
    'binary data' => [['sendData', "a\0b\xff"], ['sendWarning', "\0"], ['sendException', "\0e\0"]],
];
foreach ($steps as $label => $calls) scenario($label, function ($j) use ($calls) {
    foreach ($calls as $a) sent($j, ...$a);
    return 'R';
});
scenario('sendException, empty', function ($j) { sent($j, 'sendException', ''); return 'R'; }, 2);
