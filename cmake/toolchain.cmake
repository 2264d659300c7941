# Compiler flags that hold for every target, and the libraries of the distribution.

find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS json)
find_path(HIREDIS_INCLUDE_DIR hiredis/read.h REQUIRED)
find_library(HIREDIS_LIBRARY hiredis REQUIRED)
find_path(NGHTTP2_INCLUDE_DIR nghttp2/nghttp2.h REQUIRED)
find_library(NGHTTP2_LIBRARY nghttp2 REQUIRED)
find_path(PSL_INCLUDE_DIR libpsl.h REQUIRED)
find_library(PSL_LIBRARY psl REQUIRED)
find_path(IDN2_INCLUDE_DIR idn2.h REQUIRED)
find_library(IDN2_LIBRARY idn2 REQUIRED)

add_library(cardea_options INTERFACE)
target_compile_options(cardea_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion -Wnon-virtual-dtor
  -Wold-style-cast -Wimplicit-fallthrough -Wunused -Woverloaded-virtual
  $<$<BOOL:${CARDEA_WERROR}>:-Werror>
  -fno-omit-frame-pointer -fstack-protector-strong)
target_compile_definitions(cardea_options INTERFACE
  BOOST_ASIO_NO_DEPRECATED
  # One reactor, one thread: the object cache is per thread, so a few slots more save mallocs per operation.
  BOOST_ASIO_RECYCLING_ALLOCATOR_CACHE_SIZE=8
  CARDEA_VERSION="${PROJECT_VERSION}"
  $<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
target_include_directories(cardea_options INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_include_directories(cardea_options SYSTEM INTERFACE ${Boost_INCLUDE_DIRS} ${HIREDIS_INCLUDE_DIR}
  ${NGHTTP2_INCLUDE_DIR} ${PSL_INCLUDE_DIR} ${IDN2_INCLUDE_DIR})
target_link_options(cardea_options INTERFACE -fuse-ld=lld -Wl,-z,relro,-z,now)

if(CARDEA_SANITIZE)
  target_compile_options(cardea_options INTERFACE
    -fsanitize=${CARDEA_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(cardea_options INTERFACE -fsanitize=${CARDEA_SANITIZE})
endif()
if(CARDEA_FUZZ)
  target_compile_options(cardea_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
