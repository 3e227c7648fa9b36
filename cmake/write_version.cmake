# Run at each build: writes OUTPUT from INPUT with the revision of the checkout, and leaves it alone when nothing changed.
execute_process(COMMAND git rev-parse --short HEAD WORKING_DIRECTORY "${SOURCE}"
  OUTPUT_VARIABLE DROVER_REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
if(NOT DROVER_REVISION)
  set(DROVER_REVISION "unknown")
endif()
configure_file("${INPUT}" "${OUTPUT}" @ONLY)
