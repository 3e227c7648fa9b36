# protobuf_messages(NAME FILE): drover_<NAME> with the C++ of FILE, made at build time; lite runtime, no warnings of generated code.
function(protobuf_messages name file)
  get_filename_component(path "${CMAKE_CURRENT_SOURCE_DIR}/${file}" ABSOLUTE)
  get_filename_component(folder "${file}" DIRECTORY)
  get_filename_component(stem "${file}" NAME_WE)
  set(root "${CMAKE_CURRENT_BINARY_DIR}/generated")
  set(made "${root}/${folder}/${stem}.pb.cc" "${root}/${folder}/${stem}.pb.h")
  file(MAKE_DIRECTORY "${root}")
  add_custom_command(OUTPUT ${made}
    COMMAND protobuf::protoc --cpp_out=${root} -I ${CMAKE_CURRENT_SOURCE_DIR} ${path}
    DEPENDS ${path} protobuf::protoc VERBATIM)
  add_library(drover_${name} STATIC ${made})
  target_include_directories(drover_${name} SYSTEM PUBLIC "${root}")
  target_compile_options(drover_${name} PRIVATE -w)
  target_link_libraries(drover_${name} PUBLIC protobuf::libprotobuf-lite)
endfunction()
