# cardea_layer(NAME LINKS …): src/NAME is the namespace cardea::NAME and the static library cardea_NAME.
# The link graph is the layering of docs/architecture.md; scripts/check_layers.py holds the includes to it.
function(cardea_layer name)
  cmake_parse_arguments(ARG "" "" "LINKS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cc)
  add_library(cardea_${name} STATIC ${sources})
  target_link_libraries(cardea_${name} PUBLIC cardea_options ${ARG_LINKS})
  target_precompile_headers(cardea_${name} PRIVATE
    <algorithm> <array> <chrono> <coroutine> <cstdint> <expected> <functional> <map> <memory>
    <optional> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
endfunction()
