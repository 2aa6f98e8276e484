#!/bin/sh
# Removes what moyai's container never reads.
#
#   shrink.sh system    Debian without package management, documentation, translations, character sets, Berkeley DB, and
#                       parts of Python's library that are for its developers or need a screen
#   shrink.sh moyai     /opt/moyai without pip and its lists of files, tests, type stubs, symbols, parts of NumPy, and the
#                       models of AWS services that moyai hasn't got
set -eu

# NumPy's libraries get one with the functions of blas.c instead of all of BLAS and LAPACK.
replace_blas() {
  blas=$(echo "$packages"/numpy.libs/libscipy_openblas*.so)
  {
    cat /build/blas.c
    find "$packages"/numpy -name '*.so' -exec nm --dynamic --undefined-only {} + | sed -n 's/^ *U \(scipy_.*\)$/\1/p' | sort -u \
      | grep -vx scipy_cblas_sdot64_ | sed 's/.*/void &(void) { refuse(); }/'
  } >/build/blas-all.c
  tcc -c -o /build/blas.o /build/blas-all.c
  ld -shared -z noexecstack -o "$blas" /build/blas.o
}

case $1 in
  system)
    # Recorded as removed, so that a scanner of the image does not report them.
    dpkg --purge --force-all apt debconf libapt-pkg7.0 perl-base sqv libdb5.3t64 2>/dev/null || true
    (cd /usr/share && rm -rf bash-completion doc gcc info keyrings lintian locale man)
    rm -rf /usr/lib/*/gconv /usr/lib/*/perl-base /usr/lib/*/libdb-* /usr/lib/*/security/pam_userdb.so /usr/bin/tini-static
    rm -rf /var/lib/apt /var/cache/* /var/log/* /var/lib/dpkg/info /etc/apt
    for library in /usr/lib/python3.*; do
      (cd "$library" && rm -rf test idlelib ensurepip lib2to3 turtledemo turtle.py tkinter pydoc_data config-*)
      (cd "$library"/lib-dynload && rm -f _test* _ctypes_test.* _dbm.* xx*)
      find "$library" -name __pycache__ -prune -exec rm -rf {} +
    done
    ;;
  moyai)
    /opt/moyai/bin/pip uninstall --quiet --yes pip
    packages=$(echo /opt/moyai/lib/python3*/site-packages)
    find "$packages" -depth \( -name __pycache__ -o -name tests \) -type d -exec rm -rf {} +
    find "$packages" \( -name '*.pyi' -o -path '*.dist-info/RECORD' \) -delete
    find "$packages" -name '*.so' ! -path '*/numpy.libs/*' -exec strip --strip-unneeded {} +
    # Rich colours Python and JSON, if anything.
    find "$packages"/pygments/lexers -name '*.py' ! -name '_*' ! -name python.py ! -name data.py ! -name special.py -delete
    (cd "$packages"/numpy && rm -rf _core/include _core/lib _core/_*_tests.*.so _core/_simd.*.so f2py fft ma polynomial random testing)
    replace_blas
    # The services that moyai has, and those that botocore itself asks for credentials.
    kept=$(/opt/moyai/bin/python -B -c 'from moyai.api.models import SERVICES; print(*SERVICES, "sso", "sso-oidc", "signin")')
    for model in "$packages"/botocore/data/*/; do
      case " $kept " in *" $(basename "$model") "*) ;; *) rm -r "$model" ;; esac
    done
    # Of each, the newest version.
    for model in "$packages"/botocore/data/*/; do
      find "$model" -mindepth 1 -maxdepth 1 -type d | sort | head -n -1 | xargs -r rm -r
    done
    find "$packages"/botocore/data -name 'examples-*.json' -delete
    ;;
esac
