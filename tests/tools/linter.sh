#!/bin/sh
# Builds Grafana's dashboard-linter into a folder, where Go is at hand. It cannot be installed by `go install` (its go.mod replaces a module),
# and two of its parts are left out here because they pull in all of Loki and Grafana: LogQL queries, and dashboards of the second schema.
set -eu
VERSION=v0.2.0
mkdir -p "$1"
folder=$(cd "$1" && pwd)/dashboard-linter-$VERSION
[ -x "$folder/dashboard-linter" ] && exit 0
command -v go > /dev/null || { echo "no Go: the original dashboard-linter is not built, its rules are checked by tests/grafana/lint.py alone"; exit 0; }
echo "building dashboard-linter $VERSION into $folder"
trap '[ $? -eq 0 ] || { rm -rf "$folder"; echo "dashboard-linter could not be built: tests/grafana/lint.py checks its rules alone"; exit 0; }' EXIT
rm -rf "$folder"
mkdir -p "$folder"
sources=$(cd "$folder" && GOFLAGS=-mod=mod go mod download -json "github.com/grafana/dashboard-linter@$VERSION" | sed -n 's/.*"Dir": "\(.*\)",/\1/p')
cp -R "$sources" "$folder/src"
chmod -R u+w "$folder/src"
cd "$folder/src"
rm -f lint/*_test.go lint/rule_target_logql*.go
sed -i '/NewTargetLogQL/d' lint/rules.go
cat > lint/v2.go << 'GO'
package lint

import (
	"encoding/json"
	"errors"
)

func isV2APIVersion(string) bool { return false }

func newDashboardFromV2(json.RawMessage, string) (Dashboard, error) {
	return Dashboard{}, errors.New("dashboards of the second schema are not read here")
}
GO
go mod edit -dropreplace github.com/hashicorp/memberlist
GOFLAGS=-mod=mod go build -o "$folder/dashboard-linter" .
rm -rf "$folder/src"
