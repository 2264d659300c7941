# What most sources include; compiled once for all layers.
set(cardea_common_headers
  <algorithm> <array> <chrono> <coroutine> <cstdint> <expected> <functional> <map> <memory>
  <optional> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h>)

# cardea_layer(NAME LINKS …): src/NAME is the namespace cardea::NAME and the static library cardea_NAME.
# The link graph is the layering of docs/architecture.md; scripts/check_layers.py holds the includes to it.
function(cardea_layer name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  add_library(cardea_${name} STATIC ${sources})
  target_link_libraries(cardea_${name} PUBLIC cardea_options ${ARG_LINKS})
  if(name STREQUAL "base")
    target_precompile_headers(cardea_base PRIVATE ${cardea_common_headers})
  else()
    target_precompile_headers(cardea_${name} REUSE_FROM cardea_base)
  endif()
endfunction()
