package columns

// join is the dotted name of an object's member. Names that would make it ambiguous stand in brackets, as JSON strings:
// metadata.scene["a.b"].
func join(path, name string) string {
	switch {
	case !plain([]byte(name)):
		return path + "[" + quote(name) + "]"
	case path == "":
		return name
	}
	return path + "." + name
}

// plain reports whether a name stands in a dotted name as it is.
func plain(name []byte) bool {
	for _, c := range name {
		if c < ' ' || c == '.' || c == '[' || c == ']' || c == '"' || c == '\\' {
			return false
		}
	}
	return len(name) > 0
}

// below is the name that a dotted name has one level up.
func below(name, path string) string {
	if path[0] == '[' {
		return name + path
	}
	return name + "." + path
}
