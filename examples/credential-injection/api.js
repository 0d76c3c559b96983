// The API, in the place of one that is far away: it wants a token, and tells whoever asks what it was sent.
export function api(request, token) {
  const authorization = request.headers.get("authorization");
  if (authorization !== `Bearer ${token}`) return new Response("Who are you?\n", { status: 401 });
  return Response.json(new URL(request.url).pathname === "/api/orders" ? ["tea", "rice"] : { authorization });
}
