/work/wt/attacks/tests/attacks/module/main.o
/work/wt/attacks/tests/attacks/module/window.o
/work/wt/attacks/tests/attacks/module/touch.o
/work/wt/attacks/tests/attacks/module/call.o
/work/wt/attacks/tests/attacks/module/machinery.o
/work/wt/attacks/tests/attacks/module/raw.o
