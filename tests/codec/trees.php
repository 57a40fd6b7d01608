<?php
/* Values from trees: ["n"] ["b", bool] ["i", "digits"] ["d", 16 hex digits | "nan"] ["s", hex] ["a", [[KEY, TREE], ...]];
 * keys are trees of ints and strings. */
function make(array $t) {
    switch ($t[0]) {
        case 'n': return null;
        case 'b': return $t[1];
        case 'i': return intval($t[1]);
        case 'd': return $t[1] === 'nan' ? NAN : unpack('E', hex2bin($t[1]))[1];
        case 's': return hex2bin($t[1]);
        case 'a': $a = []; foreach ($t[1] as [$k, $v]) $a[make($k)] = make($v); return $a;
    }
}
