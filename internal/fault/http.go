package fault

// httpStatus is the edge table of the HTTP API: what status a kind becomes.
var httpStatus = map[Kind]int{
	Internal:         500,
	Malformed:        400,
	TooLarge:         413,
	Unauthenticated:  401,
	Forbidden:        403,
	NotFound:         404,
	MethodNotAllowed: 405,
	Gone:             410,
	Conflict:         409,
	Invalid:          422,
	Throttled:        429,
	Unavailable:      503,
	Superseded:       409,
	Irregular:        422,
}

// HTTPStatus is the status that the API answers for the failure's kind.
func (e *Error) HTTPStatus() int { return httpStatus[e.Kind] }
