"use strict";
// The page as it is now comes from the server, whole, and what differs is changed in place: the focus, what was opened and
// how far something is scrolled stay, and what the exports' states have become is said.
const announcer = document.getElementById("announcer");
let silent = false;

function patch(there, wanted) {
	if (there.isEqualNode(wanted)) return;
	if (there.nodeType !== Node.ELEMENT_NODE) {
		there.nodeValue = wanted.nodeValue;
		return;
	}
	say(wanted, there);
	for (const { name } of [...there.attributes]) {
		if (name !== "open" && !wanted.hasAttribute(name)) there.removeAttribute(name);
	}
	for (const { name, value } of wanted.attributes) {
		if (name !== "open" && there.getAttribute(name) !== value) there.setAttribute(name, value);
	}
	patchChildren(there, wanted);
}

// Children with an id are known by it, the others by their place and kind.
function patchChildren(there, wanted) {
	let next = there.firstChild;
	for (const want of [...wanted.childNodes]) {
		let have = want.id ? [...there.children].find((e) => e.id === want.id) : next;
		if (have && have.nodeName === want.nodeName && (have.id || "") === (want.id || "")) {
			patch(have, want);
		} else {
			have = want;
			say(want);
		}
		if (have === next) next = next.nextSibling;
		else there.insertBefore(have, next);
	}
	while (next) {
		const gone = next;
		next = next.nextSibling;
		gone.remove();
	}
}

function say(wanted, there) {
	const text = wanted.dataset?.says;
	if (text && text !== there?.dataset.says) announcer.textContent = text;
}

async function refresh() {
	try {
		const reply = await fetch(location.href, { headers: { Accept: "text/html" } });
		const text = (await reply.text()).replace(/<style.*?<\/style>/s, ""); // it has another nonce, and this page has its own
		const now = new DOMParser().parseFromString(text, "text/html");
		const main = document.querySelector("main"), fresh = now.querySelector("main");
		if (!fresh) throw new Error("no page");
		for (const part of main.querySelectorAll("[data-sync]")) patchChildren(part, now.getElementById(part.id));
		main.dataset.open = fresh.dataset.open;
		document.title = now.title;
		silent = false;
	} catch {
		if (!silent) announcer.textContent = "The local service doesn't answer.";
		silent = true;
	}
}

async function follow() {
	for (;;) {
		const open = document.querySelector("main").dataset.open === "true";
		await new Promise((done) => setTimeout(done, open ? 500 : 4000));
		if (!document.hidden) await refresh();
	}
}

document.addEventListener("click", async (event) => {
	const button = event.target.closest(".copy");
	if (!button) return;
	await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
	announcer.textContent = "Copied.";
});

follow();
