<?php
/* A client as dmank's: php client.php PORT, with a list of [FUNCTION, TREE] as JSON on stdin. Prints for each job
 * [the answer in hex, whether it is the value that was sent]. */
require __DIR__ . '/values.php';
$client = new GearmanClient();
$client->addServer('127.0.0.1', (int)$argv[1]);
$client->setTimeout(20000);
$answers = [];
foreach (json_decode(stream_get_contents(STDIN), true, 4096) as [$function, $tree]) {
    $value = make($tree);
    $raw = $client->doLow($function, on_the_wire($value));
    $answers[] = [bin2hex($raw), workload_of($raw) === $value, $client->returnCode()];
}
echo json_encode($answers), "\n";
