<?php
/* What the PHP side of the mixed fleets shares: values from trees, and dmank's rules for what is serialized. */
require __DIR__ . '/../../codec/trees.php';
function is_serialized($x): bool {
    return is_string($x) && ($x === 'b:0;' || @unserialize($x) !== false);
}
function workload_of($x) { return is_serialized($x) ? unserialize($x) : $x; }
function on_the_wire($x): string { return is_serialized($x) ? $x : serialize($x); }
