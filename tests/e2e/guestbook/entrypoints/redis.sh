#!/bin/sh
# As the public image of Redis starts: root gives the directory to redis and becomes redis.
set -e
if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
  find . \! -user redis -exec chown redis '{}' +
  exec setpriv --reuid=redis --regid=redis --clear-groups --bounding-set=-all -- "$0" "$@"
fi
umask 0077
exec "$@"
