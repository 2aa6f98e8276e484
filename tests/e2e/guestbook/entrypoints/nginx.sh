#!/bin/sh
# As the public image of nginx starts: templates become configuration files.
set -e
for template in /etc/nginx/templates/*.template; do
  defined=$(env | cut -d= -f1 | sed 's/.*/${&}/' | tr '\n' ' ')
  envsubst "$defined" <"$template" >"/etc/nginx/conf.d/$(basename "$template" .template)"
done
exec "$@"
