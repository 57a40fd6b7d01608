<?php
/* What the PHP side of the mixed fleets shares: values from trees (see tests/python_layer/codec.php), and dmank's
 * rules for what is serialized. */
function make(array $t) {
    switch ($t[0]) {
        case 'n': return null;
        case 'b': return $t[1];
        case 'i': return intval($t[1]);
        case 'd': return unpack('E', hex2bin($t[1]))[1];
        case 's': return hex2bin($t[1]);
        case 'a': $a = []; foreach ($t[1] as [$k, $v]) $a[make($k)] = make($v); return $a;
    }
}
function is_serialized($x): bool {
    return is_string($x) && ($x === 'b:0;' || @unserialize($x) !== false);
}
function workload_of($x) { return is_serialized($x) ? unserialize($x) : $x; }
function on_the_wire($x): string { return is_serialized($x) ? $x : serialize($x); }
