# sallyport_embed(TARGET HEADER NAMESPACE TYPE NAME files...): files as texts in the program, so that nothing is read at run time and
# what was tested is what runs. Makes the header HEADER, which TARGET can include, with `inline constexpr TYPE NAME[]`: a member
# {name of the file, text} each. INCLUDE "…" names the header that declares TYPE; without it a struct TYPE {name, text} is made.
function(sallyport_embed target header namespace type name)
  cmake_parse_arguments(embed "" "INCLUDE" "" ${ARGN})
  set(texts "")
  foreach(file ${embed_UNPARSED_ARGUMENTS})
    get_filename_component(file_name ${file} NAME)
    file(READ ${file} text)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    string(APPEND texts "    {\"${file_name}\", R\"_text_(${text})_text_\"},\n")
  endforeach()
  set(declaration "struct ${type} { std::string_view name, text; };\n")
  set(include "<string_view>")
  if(embed_INCLUDE)
    set(declaration "")
    set(include "\"${embed_INCLUDE}\"")
  endif()
  file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/generated/${header} CONTENT
       "// Made by cmake/embed.cmake.\n#pragma once\n#pragma clang diagnostic ignored \"-Woverlength-strings\"\n#include @include@\nnamespace ${namespace} {\n@declaration@inline constexpr @type@ @name@[] = {\n@texts@};\n}\n" @ONLY)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endfunction()
