package localgw

import "fmt"

// LocalValues are what functions that run elsewhere than in Lambda are given in the place of the template's variables, as
// NAME=value. Those that name a service which isn't there stand for what does its work, under the name of that, or for
// nothing.
type LocalValues map[string][]string

// Of is what the function is given. A variable of the template without a local value is an error that names it: whoever
// adds one to the template is told of every place that has to know it.
func (v LocalValues) Of(f Deployed) ([]string, error) {
	var env []string
	for _, name := range f.Variables {
		local, ok := v[name]
		if !ok {
			return nil, fmt.Errorf("the template gives %s the variable %s, which has no local value", f.Name, name)
		}
		env = append(env, local...)
	}
	return env, nil
}
