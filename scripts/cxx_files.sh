# cxx_files: every C++ file of the repository that git knows or would add, one a line (bash, sourced).
cxx_files() { git ls-files --cached --others --exclude-standard -- 'src/*.h' 'src/*.cc' 'tests/*.h' 'tests/*.cc'; }
