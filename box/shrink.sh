#!/bin/sh
# Removes what moyai's container never reads.
#
#   shrink.sh system    Debian without package management, documentation, translations, character sets, and parts of
#                       Python's library that are for its developers or need a screen
#   shrink.sh moyai     /opt/moyai without pip, tests, type stubs, symbols, and the models of AWS services that moyai
#                       hasn't got
set -eu

case $1 in
  system)
    # Recorded as removed, so that a scanner of the image does not report them.
    dpkg --purge --force-all apt debconf libapt-pkg7.0 perl-base sqv 2>/dev/null || true
    rm -rf /usr/share/doc /usr/share/info /usr/share/locale /usr/share/man /usr/lib/*/gconv /usr/lib/*/perl-base
    rm -rf /var/lib/apt /var/cache/* /var/log/* /var/lib/dpkg/info /etc/apt
    for library in /usr/lib/python3.*; do
      (cd "$library" && rm -rf test idlelib ensurepip lib2to3 turtledemo turtle.py tkinter pydoc_data config-*)
      find "$library" -name __pycache__ -prune -exec rm -rf {} +
    done
    ;;
  moyai)
    /opt/moyai/bin/pip uninstall --quiet --yes pip
    packages=$(echo /opt/moyai/lib/python3*/site-packages)
    find "$packages" -depth \( -name __pycache__ -o -name tests \) -type d -exec rm -rf {} +
    find "$packages" -name '*.pyi' -delete
    find "$packages"/cryptography -name '*.so' -exec strip --strip-unneeded {} +
    # Rich colours Python and JSON, if anything.
    find "$packages"/pygments/lexers -name '*.py' ! -name '_*' ! -name python.py ! -name data.py ! -name special.py -delete
    rm -rf "$packages"/numpy/_core/include "$packages"/numpy/f2py "$packages"/numpy/_core/lib
    # The services that moyai has, and those that botocore itself asks for credentials.
    kept=$(/opt/moyai/bin/python -B -c 'from moyai.api.models import SERVICES; print(*SERVICES, "sso", "sso-oidc", "signin")')
    for model in "$packages"/botocore/data/*/; do
      case " $kept " in *" $(basename "$model") "*) ;; *) rm -r "$model" ;; esac
    done
    ;;
esac
