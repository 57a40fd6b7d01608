<?php
/* everything that the extension defines, as JSON: for test_introspection.py */
function parameters(ReflectionFunctionAbstract $f): array {
    $found = [];
    foreach ($f->getParameters() as $p) {
        $one = ['name' => $p->getName(), 'optional' => $p->isOptional()];
        if ($p->isOptional()) $one['default'] = $p->isDefaultValueAvailable() ? $p->getDefaultValue() : null;
        $found[] = $one;
    }
    return $found;
}
$extension = new ReflectionExtension('gearman');
$all = ['constants' => $extension->getConstants(), 'classes' => [], 'functions' => []];
foreach ($extension->getClasses() as $class) {
    $methods = [];
    foreach ($class->getMethods() as $m) if ($m->getDeclaringClass()->getName() === $class->getName()) $methods[$m->getName()] = parameters($m);
    $parent = $class->getParentClass();
    $all['classes'][$class->getName()] = ['parent' => $parent ? $parent->getName() : null, 'methods' => (object)$methods];
}
foreach ($extension->getFunctions() as $f) $all['functions'][$f->getName()] = parameters($f);
echo json_encode($all, JSON_THROW_ON_ERROR);
