# drover_module(NAME SOURCES … PUBLIC … PRIVATE …): one static library per folder. The link edges are the
# architecture: an include that goes against the arrows of docs/ARCHITECTURE.md does not link.
function(drover_module name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT ARG_SOURCES)
    file(WRITE "${CMAKE_CURRENT_BINARY_DIR}/empty_${name}.cpp" "")
    set(ARG_SOURCES "${CMAKE_CURRENT_BINARY_DIR}/empty_${name}.cpp")
  endif()
  add_library(drover_${name} STATIC ${ARG_SOURCES})
  target_include_directories(drover_${name} PUBLIC "${PROJECT_SOURCE_DIR}")
  target_link_libraries(drover_${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
endfunction()
