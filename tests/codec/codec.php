<?php
/* A filter for the tests of PhpSerializer: one request in a line, one answer in a line, both JSON.
 *   ["make", TREE]     -> the hex of serialize() of the value that the tree describes
 *   ["describe", HEX]  -> the tree of unserialize() of the data, null where PHP refuses it
 * Trees: see trees.php.
 */
require __DIR__ . '/trees.php';
function describe($v): array {
    if ($v === null) return ['n'];
    if (is_bool($v)) return ['b', $v];
    if (is_int($v)) return ['i', (string)$v];
    if (is_float($v)) return ['d', is_nan($v) ? 'nan' : bin2hex(pack('E', $v))];
    if (is_string($v)) return ['s', bin2hex($v)];
    if (!is_array($v)) return ['?', gettype($v)];
    $pairs = [];
    foreach ($v as $k => $x) $pairs[] = [describe($k), describe($x)];
    return ['a', $pairs];
}
while (($line = fgets(STDIN)) !== false) {
    [$what, $x] = json_decode($line, true, 2048);
    if ($what === 'make') {
        $answer = bin2hex(serialize(make($x)));
    } else {
        $data = hex2bin($x);
        $value = @unserialize($data, ['allowed_classes' => false]);
        $answer = $value === false && $data !== 'b:0;' ? null : describe($value);
    }
    echo json_encode($answer, 0, 2048), "\n";
}
