// api.js: what both servers offer.
import { RpcTarget } from "capnweb";

export class Api extends RpcTarget {
  square(i) {
    return i * i;
  }
}
