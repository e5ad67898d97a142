// Package memvault is a secret in memory, with versions and labels as Secrets Manager moves them, for tests and fixtures.
package memvault

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/videovector/exports/internal/fault"
	"github.com/videovector/exports/internal/signkeys"
)

// Vault implements signkeys.Vault. Its fields may be changed between calls.
type Vault struct {
	// After, if set, is called after every effect, with the method's name. Its error is the caller's: the effect stays.
	After func(method string) error

	mu     sync.Mutex
	labels map[string][]string
	values map[string]string
}

var _ signkeys.Vault = (*Vault)(nil)

// New is a secret whose one version is current.
func New(version, value string) *Vault {
	return &Vault{labels: map[string][]string{version: {signkeys.Current}}, values: map[string]string{version: value}}
}

// Begin labels a version pending, without a value, as Secrets Manager does before it calls a rotation function.
func (v *Vault) Begin(version string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	for other := range v.labels {
		v.take(other, signkeys.Pending)
	}
	v.give(version, signkeys.Pending)
}

// Secret is the current version's value.
func (v *Vault) Secret() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	for version, l := range v.labels {
		if slices.Contains(l, signkeys.Current) {
			return v.values[version]
		}
	}
	return ""
}

// Labels implements signkeys.Vault.
func (v *Vault) Labels(context.Context) (map[string][]string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return maps.Clone(v.labels), v.after("Labels")
}

// Value implements signkeys.Vault.
func (v *Vault) Value(_ context.Context, version string) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	value, ok := v.values[version]
	if !ok {
		return "", fault.New(fault.NotFound, "secret_value_missing", "The version has no value.")
	}
	return value, v.after("Value")
}

// Put implements signkeys.Vault.
func (v *Vault) Put(_ context.Context, version, value string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if there, ok := v.values[version]; ok && there != value {
		return fault.New(fault.Conflict, "secret_value_exists", "The version has another value.")
	}
	v.values[version] = value
	return v.after("Put")
}

// MakeCurrent implements signkeys.Vault.
func (v *Vault) MakeCurrent(_ context.Context, from, to string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !slices.Contains(v.labels[from], signkeys.Current) {
		return fault.New(fault.Invalid, "version_not_current", "The label is not on that version.")
	}
	v.take(from, signkeys.Current)
	v.give(to, signkeys.Current)
	return v.after("MakeCurrent")
}

func (v *Vault) give(version, label string) {
	if !slices.Contains(v.labels[version], label) {
		v.labels[version] = append(slices.Clone(v.labels[version]), label)
	}
}

func (v *Vault) take(version, label string) {
	v.labels[version] = slices.DeleteFunc(slices.Clone(v.labels[version]), func(l string) bool { return l == label })
}

func (v *Vault) after(method string) error {
	if v.After == nil {
		return nil
	}
	return v.After(method)
}
